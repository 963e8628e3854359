import type { TrustTier } from '../trust-tier.ts';

/** How long the revocation feed has proven nothing. */
export const feedStates = {
  alive: 'the feed is alive',
  bridged: 'silent, within every bridge',
  beyond10: 'silent for more than 10 s',
  beyond60: 'silent for more than 60 s',
  never: 'never alive since the start',
} as const;

/** How long a feed has been silent, by name. */
export type FeedState = keyof typeof feedStates;

/** What somebody with a good token gets: the evidence of the principal, nobody in particular, or 503. */
export type FallbackOutcome = 'local' | 'degraded' | 'fresh' | 'fresh+mfa' | 'anonymous' | '503';

/** By whether the authority answers. */
export type FallbackCell = Readonly<{ answers: FallbackOutcome; unreachable: FallbackOutcome }>;

/**
 * The fallback matrix as a caller meets it, written out cell by cell and not computed from the rules: a fault test
 * drives the gates into each cell, and `docs/trust-matrix.md` shows them.
 */
export const fallbackOutcomes: Readonly<Record<TrustTier, Readonly<Record<FeedState, FallbackCell>>>> = {
  publicRead: {
    alive: { answers: 'local', unreachable: 'local' },
    bridged: { answers: 'degraded', unreachable: 'degraded' },
    beyond10: { answers: 'degraded', unreachable: 'degraded' },
    beyond60: { answers: 'anonymous', unreachable: 'anonymous' },
    never: { answers: 'anonymous', unreachable: 'anonymous' },
  },
  authenticatedRead: {
    alive: { answers: 'local', unreachable: 'local' },
    bridged: { answers: 'degraded', unreachable: 'degraded' },
    beyond10: { answers: 'degraded', unreachable: 'degraded' },
    beyond60: { answers: '503', unreachable: '503' },
    never: { answers: '503', unreachable: '503' },
  },
  standardWrite: {
    alive: { answers: 'local', unreachable: 'local' },
    bridged: { answers: 'degraded', unreachable: 'degraded' },
    beyond10: { answers: 'fresh', unreachable: '503' },
    beyond60: { answers: 'fresh', unreachable: '503' },
    never: { answers: 'fresh', unreachable: '503' },
  },
  privilegedWrite: {
    alive: { answers: 'fresh', unreachable: '503' },
    bridged: { answers: 'fresh', unreachable: '503' },
    beyond10: { answers: 'fresh', unreachable: '503' },
    beyond60: { answers: 'fresh', unreachable: '503' },
    never: { answers: 'fresh', unreachable: '503' },
  },
  regulatedAction: {
    alive: { answers: 'fresh+mfa', unreachable: '503' },
    bridged: { answers: 'fresh+mfa', unreachable: '503' },
    beyond10: { answers: 'fresh+mfa', unreachable: '503' },
    beyond60: { answers: 'fresh+mfa', unreachable: '503' },
    never: { answers: 'fresh+mfa', unreachable: '503' },
  },
};
