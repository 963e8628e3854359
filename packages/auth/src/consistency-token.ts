import type { DenialReason } from './denial.ts';
import type { Course } from './trust-tier.ts';

declare const made: unique symbol;

/**
 * "Do not answer me from a state before this": what a revocation hands out, and any service takes in the header
 * `Consistency-Token`. Opaque to its holder, but for this: of two of them, the greater text is the newer one.
 *
 * Unsigned on purpose. It says nothing about anybody; the worst that a forged one does is to make the service ask the
 * authority about the forger's own request.
 */
export type ConsistencyToken = string & { readonly [made]: 'consistency token' };

/** What a request's `Consistency-Token` header says, or why it is refused. */
export type ConsistencyHeader =
  | Readonly<{ kind: 'none' }>
  | Readonly<{ kind: 'token'; token: ConsistencyToken; position: number }>
  | Readonly<{ kind: 'refused'; reason: DenialReason }>;

// Version 1: the feed's position in base 36, as long as the greatest safe integer. One spelling for each position.
const version = 'c1-';
const digits = 11;
const grammar = /^c1-[0-9a-z]{11}$/;

/** @throws when it is no position: a whole number from 0 on */
export function makeConsistencyToken(position: number): ConsistencyToken {
  const text = `${version}${position.toString(36).padStart(digits, '0')}`;
  if (position < 0 || !isConsistencyToken(text)) throw new Error(`${position} is no position of a feed`);
  return text;
}

/** Exactly one value, of the one grammar. Not checked: whether the authority ever was at that position. */
export function readConsistencyHeader(values: readonly string[]): ConsistencyHeader {
  const [token, second] = values;
  if (token === undefined) return { kind: 'none' };
  if (second !== undefined || !isConsistencyToken(token))
    return { kind: 'refused', reason: 'consistency_token_malformed' };
  return { kind: 'token', token, position: positionIn(token) };
}

/** Whether a feed at `position` has yet to reach the state that the token stands for. Pure. */
export function isBehind(header: ConsistencyHeader, position: number | undefined): boolean {
  return header.kind === 'token' && (position === undefined || position < header.position);
}

/** What the feed has not reached, the authority knows: its answer begins now, after the token was made. Pure. */
export function courseWhenBehind(course: Course): Course {
  return course === 'local' || course === 'degraded' ? 'introspect' : course;
}

function isConsistencyToken(text: string): text is ConsistencyToken {
  return grammar.test(text) && Number.isSafeInteger(positionIn(text));
}

function positionIn(text: string): number {
  return Number.parseInt(text.slice(version.length), 36);
}
