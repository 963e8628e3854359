import { expect } from 'vitest';
import * as z from 'zod';

// vitest types its matchers as `any`.
export const someText: unknown = expect.any(String);
export const someNumber: unknown = expect.any(Number);

export function textLike(pattern: RegExp): unknown {
  return expect.stringMatching(pattern);
}

const object = z.record(z.string(), z.unknown());

export function parseObject(json: string): Record<string, unknown> {
  return object.parse(JSON.parse(json));
}

export function headerOf(token: unknown): Record<string, unknown> {
  return partOf(token, 0);
}

/** Reads without checking: for looking at what was made, never for believing it. */
export function claimsOf(token: unknown): Record<string, unknown> {
  return partOf(token, 1);
}

function partOf(token: unknown, index: number): Record<string, unknown> {
  return parseObject(Buffer.from(String(token).split('.')[index] ?? '', 'base64url').toString());
}
