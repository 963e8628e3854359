import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import * as z from 'zod';

/** OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, two passes, one lane. About 20 ms. Algorithm 2 is argon2id. */
const parameters = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/**
 * A password to be set. NIST SP 800-63B §3.1.1.2: at least 8 code points (15 where it is the only factor: here a second
 * one can be enrolled, and money asks for it), any characters, no composition rules, nothing cut off. At most 256 code
 * points, which is above the 64 that must be allowed, so that hashing has a bound. Not checked: lists of known
 * passwords.
 */
export const newPassword = z.string().refine((text) => hasLength(text, 8, 256), 'must have 8 to 256 characters');

/** A password to be tried: only as long as one that could have been set. */
export const triedPassword = z.string().refine((text) => hasLength(text, 1, 256), 'must have 1 to 256 characters');

export type Passwords = Readonly<{
  hash: (password: string) => Promise<string>;
  /** Takes as long for an unknown account (`undefined`) as for a known one, and answers false. */
  matches: (password: string, storedHash: string | undefined) => Promise<boolean>;
}>;

/** Makes the hash that unknown accounts are measured against, with the live parameters, so that both cost the same. */
export async function openPasswords(): Promise<Passwords> {
  const nobodysHash = await hash(randomBytes(32), parameters);
  return {
    hash: (password) => hash(normalise(password), parameters),
    async matches(password, storedHash) {
      const matches = await verify(storedHash ?? nobodysHash, normalise(password));
      return matches && storedHash !== undefined;
    },
  };
}

// The same letters typed on another keyboard are the same password (NIST SP 800-63B §3.1.1.2: NFKC).
function normalise(password: string): string {
  return password.normalize('NFKC');
}

function hasLength(text: string, least: number, most: number): boolean {
  if (text.length > most * 2) return false;
  const codePoints = Array.from(text).length;
  return codePoints >= least && codePoints <= most;
}
