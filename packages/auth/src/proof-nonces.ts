import { base64url } from 'jose';
import { systemClock, type Clock } from './clock.ts';

/** Nonces for proofs of possession (RFC 9449 §8, §9): what a server gives out, and later knows again. */
export interface ProofNonces {
  /** The one to give out now. */
  current(): Promise<string>;
  /** Until when this one is good, in epoch seconds; `undefined` when it is none of ours, or no longer good. */
  goodUntil(nonce: string): Promise<number | undefined>;
}

/** Who else knows these nonces, and the clock that they age by. */
export type ProofNoncesOptions = Readonly<{
  /** At least 32 random bytes. Instances with one secret know each other's nonces. Default: drawn now, for this instance alone. */
  secret?: Uint8Array<ArrayBuffer>;
  clock?: Clock;
}>;

const periodSeconds = 60;

/**
 * Nonces that nobody has to store: each is the HMAC of its minute. Good from a minute before its own, for instances whose clocks
 * differ, to the end of the minute after it. They say when a proof was made, by our clock, and not that it was not seen before.
 */
export function proofNonces(options: ProofNoncesOptions = {}): ProofNonces {
  const { secret = crypto.getRandomValues(new Uint8Array(32)), clock = systemClock } = options;
  if (secret.length < 32) throw new Error('The secret of the nonces must have 32 bytes or more.');
  const key = crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  // Of the minutes around now; never more than a few.
  const made = new Map<number, Promise<string>>();

  async function make(period: number): Promise<string> {
    const mac = await crypto.subtle.sign('HMAC', await key, new TextEncoder().encode(`DPoP nonce ${period}`));
    return base64url.encode(new Uint8Array(mac).subarray(0, 16));
  }

  function nonceOf(period: number): Promise<string> {
    for (const earlier of made.keys()) if (Math.abs(earlier - period) > 2) made.delete(earlier);
    const known = made.get(period) ?? make(period);
    made.set(period, known);
    return known;
  }

  const now = (): number => Math.floor(clock.epochSeconds() / periodSeconds);

  return {
    current: () => nonceOf(now()),
    goodUntil: async (nonce) => {
      const present = now();
      for (const period of [present, present - 1, present + 1]) {
        if ((await nonceOf(period)) === nonce) return (period + 2) * periodSeconds;
      }
      return undefined;
    },
  };
}
