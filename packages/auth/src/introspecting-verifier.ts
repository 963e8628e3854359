import type { AskAboutOne, IntrospectionAnswer } from './authority.ts';
import { systemClock, type Clock } from './clock.ts';
import type { TokenVerifier, Verification, VerifiedToken } from './token-verifier.ts';

/** How `introspectingVerifier` tells the time, and whom it tells of outages. */
export type IntrospectingOptions = Readonly<{
  clock?: Clock;
  /** Told why the authority gave no answer. The caller hears 503. */
  onUnreachable?: (error: unknown) => void;
}>;

/**
 * The fresh gate: checks the token as `inner` does, then asks the authority about its identifiers. The question is asked
 * after `verify` was called, so the answer is never older than the request.
 *
 * With `wish`, the question asks for a transaction token as well, and an answer without a word about it is none.
 *
 * A service's own token has no session to ask about and passes as `inner` verified it, without `session`.
 *
 * Never throws: whatever `ask` rejects with is `unknown`. Not checked: scopes, and how recent a second factor is.
 */
export function introspectingVerifier(
  inner: TokenVerifier,
  ask: AskAboutOne,
  options: IntrospectingOptions = {},
): TokenVerifier {
  const clock = options.clock ?? systemClock;

  return {
    maxLifetimeSeconds: inner.maxLifetimeSeconds,
    async verify(text, wish): Promise<Verification> {
      const checkedAtMs = clock.monotonicMs();
      const verification = await inner.verify(text);
      if (verification.outcome !== 'verified' || verification.token.session === undefined) return verification;
      const { tokenId, session, subject, client } = verification.token;
      let answer: IntrospectionAnswer;
      try {
        const about = { tokenId, session, subject, client };
        answer = await ask(wish === undefined ? about : { ...about, onward: { ...wish, token: text } });
        if (wish !== undefined && answer.active && answer.onward === undefined)
          throw new Error(
            'the authority says nothing about the transaction token that was asked for: whatever asks it has to send `onward` along, and give back `{ transaction }` or `{ refused }`',
          );
      } catch (error) {
        options.onUnreachable?.(error);
        return { outcome: 'unknown', reason: 'authority_unreachable' };
      }
      if (!answer.active) return { outcome: 'refused', reason: 'revoked', token: verification.token };
      const { authTime, secondFactorAt, acr, answeredAt, secondFactorWithinSeconds, onward } = answer;
      const known = {
        authTime,
        acr,
        answeredAt,
        ...(secondFactorAt !== undefined && { secondFactorAt }),
        ...(secondFactorWithinSeconds !== undefined && { secondFactorWithinSeconds }),
      };
      const token = answer.roles === undefined ? verification.token : withRoles(verification.token, answer.roles);
      return { outcome: 'verified', token, session: known, checkedAtMs, ...(onward !== undefined && { onward }) };
    },
  };
}

function withRoles(token: VerifiedToken, roles: readonly string[]): VerifiedToken {
  return { ...token, roles: new Set(roles) };
}
