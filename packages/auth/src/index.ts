export type { AskAboutOne, AskAuthority, IntrospectionAnswer, IntrospectionQuestion } from './authority.ts';
export type { AcrTable, AuthenticationClass } from './acr-table.ts';
export {
  backgroundConfirmation,
  type BackgroundConfirmation,
  type ConfirmationCounts,
  type ConfirmationOptions,
  type LocalDecision,
  type StaleAllow,
} from './background-confirmation.ts';
export {
  authorizationReader,
  isCanonicalCompactJws,
  maxTokenLength,
  readAuthorization,
  type Authorization,
  type AuthorizationReader,
  type AuthorizationScheme,
  type BearerToken,
  type OpaqueToken,
} from './bearer-token.ts';
export { cachingVerifier, type CachingOptions } from './caching-verifier.ts';
export { answerDenial, type DenialAnswer } from './challenge.ts';
export type { ClientCredentials } from './client-authentication.ts';
export { systemClock, type Clock, type Moment } from './clock.ts';
export { coalescingAuthority, type CoalescingOptions } from './coalescing-authority.ts';
export { makeConsistencyToken, type ConsistencyHeader, type ConsistencyToken } from './consistency-token.ts';
export { NoAnswerInTime } from './deadline.ts';
export type { Demotion } from './demotion.ts';
export type { Denial, DenialReason, PublicDenial, StepUpChallenge } from './denial.ts';
export { foreignIssuer, type ForeignIssuerParts } from './foreign-issuer.ts';
export { assertForeignIssuers, type ForeignIssuer } from './foreign-issuer-configuration.ts';
export type { FeedHandlers } from './feed-connection.ts';
export type { FeedLag } from './feed-knowledge.ts';
export type { FeedMessage, Notice, RevocationEvent } from './feed-position.ts';
export {
  openOnward,
  type Onward,
  type OnwardAccess,
  type OnwardAnswer,
  type OnwardQuestion,
  type OnwardWish,
} from './onward.ts';
export { openGates, type Decision, type GateOptions, type Gates } from './gates.ts';
export { endpointVerifier, opaqueTokenVerifier, type EndpointVerifierOptions } from './endpoint-verifiers.ts';
export { BreakerOpen, guardedAuthority, type BreakerTransition, type GuardOptions } from './guarded-authority.ts';
export { introspectingVerifier, type IntrospectingOptions } from './introspecting-verifier.ts';
export { localVerifier, type LocalVerifierOptions } from './local-verifier.ts';
export type {
  AttributeValue,
  PolicyCondition,
  PolicyDecision,
  PolicyList,
  PolicyListQuestion,
  PolicyPrincipal,
  PolicyQuestion,
  PolicyResource,
  PolicyRules,
  PolicySource,
  PolicyUnknown,
  TheUser,
} from './policy.ts';
export { believePolicyForMs, followPolicy, type FollowPolicyOptions, type PolicyFeed } from './policy-feed.ts';
export type { Evidence, Principal, PropagatedPrincipal, ServicePrincipal, Transaction } from './principal.ts';
export { hopHeaders, transactionVerifier, type TransactionVerifierOptions } from './propagation.ts';
export { proofAlgorithms } from './dpop-proof.ts';
export { proofNonces, type ProofNonces, type ProofNoncesOptions } from './proof-nonces.ts';
export { proofReplaysInMemory, type ProofReplays, type ProofReplaysInMemoryOptions } from './proof-replays.ts';
export {
  proofVerifier,
  type ProofExpectation,
  type ProofVerification,
  type ProofVerifier,
  type ProofVerifierOptions,
} from './proof-verifier.ts';
export { remoteKeys, type RemoteKeys, type RemoteKeysOptions } from './remote-keys.ts';
export { openRequest, type HeaderValues, type RequestContext, type RequestOptions } from './request-context.ts';
export type { RequestPolicy } from './request-policy.ts';
export { noRestrictions, type Restrictions, type TierRestriction } from './restrictions.ts';
export {
  followRevocations,
  liveWithinMs,
  type FeedSource,
  type FollowOptions,
  type RevocationFeed,
} from './revocation-feed.ts';
export { tokenIntrospection, type IntrospectToken, type TokenIntrospectionOptions } from './token-introspection.ts';
export { rememberForMs, type Revocation, type RevocationSubject } from './revocations.ts';
export { systemTimers, type Timers } from './timers.ts';
export { childTrace, readTrace, writeTrace, type Trace } from './trace.ts';
export type { Confirmation, Sender } from './sender.ts';
export { openSignedToken, type SignedToken } from './signed-token.ts';
export type {
  OpaqueTokenVerifier,
  SessionState,
  TokenVerifier,
  Verification,
  VerifiedToken,
} from './token-verifier.ts';
export type { TrustedIssuer, WithoutFeed } from './trusted-issuer.ts';
export { ownStaleness, type StalenessParts } from './staleness.ts';
export { trustMatrix, trustTiers, type TrustTier } from './trust-tier.ts';
export {
  countEpochs,
  readKeySet,
  type SigningAlgorithm,
  type VerificationKey,
  type VerificationKeys,
} from './verification-keys.ts';
