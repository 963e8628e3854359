import { systemClock, type Clock } from './clock.ts';
import type { IntrospectedToken } from './introspection-response.ts';
import type { Confirmation } from './sender.ts';
import type { IntrospectToken } from './token-introspection.ts';
import type { OpaqueTokenVerifier, TokenVerifier, Verification, VerifiedToken } from './token-verifier.ts';

/** The clock that ages are taken by, and who hears of an issuer that gave no answer. */
export type EndpointVerifierOptions = Readonly<{
  clock?: Clock;
  /** Told why there was no answer. The caller hears 503. */
  onUnreachable?: (error: unknown) => void;
}>;

/** The fresh gate for tokens that say nothing by themselves: what their issuer answers is all there is (RFC 7662). */
export function opaqueTokenVerifier(
  introspect: IntrospectToken,
  options: EndpointVerifierOptions = {},
): OpaqueTokenVerifier {
  const clock = options.clock ?? systemClock;
  return {
    async verify(text): Promise<Verification> {
      const checkedAtMs = clock.monotonicMs();
      const answer = await answerTo(introspect(text), options);
      switch (answer?.outcome) {
        case undefined:
          return { outcome: 'unknown', reason: 'authority_unreachable' };
        case 'inactive':
          return { outcome: 'refused', reason: 'revoked' };
        case 'refused':
          return answer;
        case 'active':
          return { outcome: 'verified', token: answer.token, session: answer.session, checkedAtMs };
      }
    },
  };
}

/**
 * The fresh gate for somebody else's signed tokens: checks as `inner` does, then asks the issuer about the text. The
 * token's own claims stand, its scope too; from the answer comes how and when its user authenticated.
 */
export function endpointVerifier(
  inner: TokenVerifier,
  introspect: IntrospectToken,
  options: EndpointVerifierOptions = {},
): TokenVerifier {
  const clock = options.clock ?? systemClock;
  return {
    maxLifetimeSeconds: inner.maxLifetimeSeconds,
    async verify(text): Promise<Verification> {
      const checkedAtMs = clock.monotonicMs();
      const verification = await inner.verify(text);
      if (verification.outcome !== 'verified') return verification;
      const { token } = verification;
      const answer = await answerTo(introspect(text), options);
      switch (answer?.outcome) {
        case undefined:
          return { outcome: 'unknown', reason: 'authority_unreachable' };
        case 'inactive':
          return { outcome: 'refused', reason: 'revoked', token };
        case 'refused':
          return answer;
        case 'active':
          if (isSameGrant(token, answer.token)) {
            return { outcome: 'verified', token, session: answer.session, checkedAtMs };
          }
          options.onUnreachable?.(new Error('the introspection answer is about another token'));
          return { outcome: 'unknown', reason: 'authority_unreachable' };
      }
    },
  };
}

async function answerTo(
  question: Promise<IntrospectedToken>,
  { onUnreachable }: EndpointVerifierOptions,
): Promise<IntrospectedToken | undefined> {
  try {
    return await question;
  } catch (error) {
    onUnreachable?.(error);
    return undefined;
  }
}

function isSameGrant(token: VerifiedToken, answered: VerifiedToken): boolean {
  if (!isSameBinding(token.confirmation, answered.confirmation)) return false;
  return token.kind === answered.kind && token.subject === answered.subject && token.client === answered.client;
}

/** An answer need not repeat what the token is bound to; it must not name something else. */
function isSameBinding(bound: Confirmation = {}, answered: Confirmation | undefined): boolean {
  if (answered === undefined) return true;
  const { keyThumbprint, certificateThumbprint } = answered;
  return bound.keyThumbprint === keyThumbprint && bound.certificateThumbprint === certificateThumbprint;
}
