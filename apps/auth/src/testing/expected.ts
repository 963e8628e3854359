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

type CarriedOn = Readonly<{ issuer: string; session: Readonly<{ id: string; subject: string }>; context: object }>;

/** The claims of a transaction token under which payments has just been let carry somebody on to read at catalog. */
export function transactionClaims({ iat }: Readonly<Record<string, unknown>>, carried: CarriedOn): object {
  return {
    iss: carried.issuer,
    aud: 'sallyport',
    sub: carried.session.subject,
    sid: carried.session.id,
    scope: 'catalog:read',
    req_wl: 'payments',
    iat: someNumber,
    exp: Number(iat) + 60,
    txn: textLike(/^[A-Za-z0-9_-]{16}$/),
    tctx: carried.context,
  };
}

function partOf(token: unknown, index: number): Record<string, unknown> {
  return parseObject(Buffer.from(String(token).split('.')[index] ?? '', 'base64url').toString());
}
