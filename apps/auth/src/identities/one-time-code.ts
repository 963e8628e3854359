import { timingSafeEqual } from 'node:crypto';
import { hashSecret } from '../identifiers.ts';

/** RFC 7636 §4.6, S256 and nothing else: whether this verifier is the one whose challenge was given at the beginning. */
export function meetsChallenge(verifier: string, challenge: string): boolean {
  return timingSafeEqual(Buffer.from(hashSecret(verifier)), Buffer.from(challenge));
}

/** An S256 challenge, or a random value of ours. */
export const secretGrammar = /^[A-Za-z0-9_-]{43}$/;

/** RFC 7636 §4.1. */
export const verifierGrammar = /^[A-Za-z0-9._~-]{43,128}$/;
