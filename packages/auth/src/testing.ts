export { heldClock, type HeldClock } from './testing/held-clock.ts';
export { testAuthority, type TestAuthority } from './testing/authority.ts';
export { testGates, type TestGates } from './testing/gates.ts';
export type { CarriedTransaction, ServiceToken, UserToken } from './testing/tokens.ts';
export { virtualTime, type VirtualTime } from './testing/virtual-time.ts';
export { testSender, type ProofParts, type TestSender } from './testing/sender.ts';
export type { MessageFault } from './testing/feed.ts';
export {
  fallbackOutcomes,
  feedStates,
  type FallbackCell,
  type FallbackOutcome,
  type FeedState,
} from './testing/fallback-outcomes.ts';
