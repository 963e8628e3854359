import { hkdfSync, randomBytes } from 'node:crypto';
import { hash, parseOptions, verify } from '@node-rs/argon2';
import * as z from 'zod';
import { hashingLanes, type Lanes } from '../accounts/hashing-lanes.ts';

/** OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, two passes, one lane. About 20 ms. Algorithm 2 is argon2id. */
const parameters = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/**
 * A password to be set. NIST SP 800-63B-4 §3.1.1.2: at least 15 code points, because a password alone begins a session here
 * (8 would do where it is never the only factor), any characters, no composition rules, nothing cut off. At most 256 code
 * points, which is above the 64 that must be allowed, so that hashing has a bound. Not checked here: whether it is a known
 * one (`password-blocklist.ts`).
 */
export const newPassword = z.string().refine((text) => hasLength(text, 15, 256), 'must have 15 to 256 characters');

/** A password to be tried: only as long as one that could have been set. */
export const triedPassword = z.string().refine((text) => hasLength(text, 1, 256), 'must have 1 to 256 characters');

export type Passwords = Readonly<{
  /** @throws TryLater when there is no room for more hashing */
  hash: (password: string) => Promise<string>;
  /**
   * Takes as long for an unknown account (`undefined`) as for a known one, and answers false.
   * @throws TryLater when there is no room for more hashing
   */
  matches: (password: string, storedHash: string | null | undefined) => Promise<boolean>;
  /** True for a hash that was made with less than is asked today: it is made anew when its password is next at hand. */
  isOutdated: (storedHash: string) => boolean;
}>;

export type PasswordOptions = Readonly<{
  /** The key that seals secrets in the database, and is not in it. Passwords are hashed with one that is derived from it. */
  keyEncryptionKey: Uint8Array;
  /** Default: as many as the machine can spare. */
  lanes?: Lanes;
}>;

/** Stands before the PHC string of a hash that was made with the secret key. */
const keyed = 'k1';

/**
 * Hashes are keyed (NIST SP 800-63B-4 §3.1.1.2): whoever steals the database cannot even begin to guess. The hash that
 * unknown accounts are measured against is made here, with the live parameters, so that both cost the same.
 */
export async function openPasswords({ keyEncryptionKey, lanes = hashingLanes() }: PasswordOptions): Promise<Passwords> {
  const secret = new Uint8Array(hkdfSync('sha256', keyEncryptionKey, new Uint8Array(), 'passwords', 32));
  const make = async (password: string | Uint8Array) => keyed + (await hash(password, { ...parameters, secret }));
  const check = (stored: string, password: string) =>
    stored.startsWith(keyed)
      ? verify(stored.slice(keyed.length), password, { secret })
      : // Made before hashes were keyed.
        verify(stored, password);
  const nobodysHash = await make(randomBytes(32));
  return {
    hash: (password) => lanes.run(() => make(normalise(password))),
    async matches(password, storedHash) {
      const matches = await lanes.run(() => check(storedHash ?? nobodysHash, normalise(password)));
      return matches && typeof storedHash === 'string';
    },
    isOutdated(storedHash) {
      if (!storedHash.startsWith(`${keyed}$argon2id$`)) return true;
      const { memoryCost, timeCost } = parseOptions(storedHash.slice(keyed.length));
      return memoryCost < parameters.memoryCost || timeCost < parameters.timeCost;
    },
  };
}

// The same letters typed on another keyboard are the same password (NIST SP 800-63B-4 §3.1.1.2: NFKC).
export function normalise(password: string): string {
  return password.normalize('NFKC');
}

function hasLength(text: string, least: number, most: number): boolean {
  if (text.length > most * 2) return false;
  const codePoints = Array.from(text).length;
  return codePoints >= least && codePoints <= most;
}
