import { base64url } from 'jose';
import { clockSkewSeconds } from './claims.ts';
import { systemClock, type Clock } from './clock.ts';
import type { DenialReason } from './denial.ts';
import { openProof, type SignedProof } from './dpop-proof.ts';
import { proofNonces, type ProofNonces } from './proof-nonces.ts';
import { proofReplaysInMemory, type ProofReplays } from './proof-replays.ts';
import { isSameUrl } from './proof-url.ts';

/** What a proof must be for. */
export type ProofExpectation = Readonly<{
  method: string;
  /** Without query and fragment. */
  url: string;
  /** The token that it goes with, and the key that this one is bound to. Without it, whatever token the proof names is ignored. */
  token?: Readonly<{ text: string; keyThumbprint: string }>;
}>;

/** What a `ProofVerifier` answers: whose key it is, no, or that nobody could say. */
export type ProofVerification =
  | Readonly<{ outcome: 'proven'; keyThumbprint: string }>
  /** With `nonce`: one to try again with. */
  | Readonly<{ outcome: 'refused'; reason: DenialReason; nonce?: string }>
  | Readonly<{ outcome: 'unknown'; reason: 'proof_replays_unknown' }>;

/** Never throws. */
export interface ProofVerifier {
  /** `values`: of the `DPoP` header. Takes the proof: shown again, it is refused. */
  verify(values: readonly string[], expected: ProofExpectation): Promise<ProofVerification>;
  /** The nonce for the sender's next proof (RFC 9449 §8.2). */
  nextNonce(): Promise<string>;
}

/** When a nonce is asked for, and what several instances may have in common. */
export type ProofVerifierOptions = Readonly<{
  /**
   * - `when clocks differ` (default): a proof without a nonce is taken when its `iat` is at most 60 s old and 10 s ahead; only other
   *   ones are asked for a nonce, so that a sender whose clock is wrong gets in by a second try.
   * - `always`: a proof must name a nonce of ours. One that was made in advance, by somebody who had the key for a moment, is
   *   worth nothing.
   */
  nonce?: 'always' | 'when clocks differ';
  /** Default: one of this instance. */
  nonces?: ProofNonces;
  /** Default: in this instance's memory. */
  replays?: ProofReplays;
  /** Told why nobody could say whether a proof was used. The sender hears 503. */
  onReplaysUnknown?: (error: unknown) => void;
  clock?: Clock;
}>;

/** Seconds that a proof without a nonce is good. */
const proofSeconds = 60;

/**
 * Verifies proofs of possession (RFC 9449 §4.3, all twelve checks, and §11.1: each once). A proof that names a nonce is as old as
 * that nonce, by our clock; its own `iat` then says nothing. Not checked: whose key it is; `token` says so at a resource, and the
 * caller has to everywhere else.
 */
export function proofVerifier(options: ProofVerifierOptions = {}): ProofVerifier {
  const { clock = systemClock, nonce: demand = 'when clocks differ' } = options;
  const { nonces = proofNonces({ clock }), replays = proofReplaysInMemory({ clock }) } = options;

  async function goodUntil({ nonce, issuedAt }: SignedProof): Promise<number | undefined> {
    if (nonce !== undefined) return nonces.goodUntil(nonce);
    if (demand === 'always') return undefined;
    const age = clock.epochSeconds() - issuedAt;
    return age > proofSeconds || age < -clockSkewSeconds ? undefined : issuedAt + proofSeconds + 1;
  }

  return {
    nextNonce: () => nonces.current(),
    async verify(values, expected) {
      const opened = await openProof(values);
      if (opened.outcome === 'refused') return opened;
      const { proof } = opened;
      const reason = await refusePurpose(proof, expected);
      if (reason !== undefined) return { outcome: 'refused', reason };
      const until = await goodUntil(proof);
      if (until === undefined) return { outcome: 'refused', reason: 'proof_nonce', nonce: await nonces.current() };
      try {
        const isFirst = await replays.use(await digest(`${proof.keyThumbprint}.${proof.id}`), until);
        if (!isFirst) return { outcome: 'refused', reason: 'proof_replayed' };
      } catch (error) {
        options.onReplaysUnknown?.(error);
        return { outcome: 'unknown', reason: 'proof_replays_unknown' };
      }
      return { outcome: 'proven', keyThumbprint: proof.keyThumbprint };
    },
  };
}

/** Checks 8, 9 and 12: method, address, token and its key. */
async function refusePurpose(proof: SignedProof, { method, url, token }: ProofExpectation) {
  if (proof.method !== method) return 'proof_method' as const;
  if (!isSameUrl(proof.url, url)) return 'proof_url' as const;
  if (token === undefined) return undefined;
  if (proof.tokenDigest !== (await digest(token.text))) return 'proof_token' as const;
  return proof.keyThumbprint === token.keyThumbprint ? undefined : ('proof_key_other' as const);
}

async function digest(text: string): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))));
}
