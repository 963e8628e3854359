import { authorizeFresh, authorizeUser } from '../authorize.ts';
import { answerDenial } from '../challenge.ts';
import { openRequest } from '../request-context.ts';
import { testGates, type TestGates } from '../testing.ts';
import type { Forge } from './forge.ts';

/** The one answer to every bad token behind a well-formed header (RFC 6750 §3.1, RFC 9068 §4). */
export const refusedToken = JSON.stringify(answerDenial({ reason: 'token_signature' }));
/** And to a header that is none. */
export const refusedRequest = JSON.stringify(answerDenial({ reason: 'token_too_long' }));

/** Both gates of a service as it stacks them, asked as a request asks. */
export async function postSentry({ authority }: Pick<Forge, 'authority'>, open: OpenGates = testGates) {
  const { gates, revocations } = await open(authority, 'catalog');
  const ask = (token: string, tier: 'authenticatedRead' | 'privilegedWrite') => {
    const headers = (name: string) => (name === 'Authorization' ? [`Bearer ${token}`] : []);
    return openRequest({ gates, clock: gates.clock, headers, tiers: [tier] }).standing('bearer');
  };
  return {
    close: revocations.close,
    /** What a caller hears at the local gate: its denial as it leaves the service, or `admitted`. And why, which does not leave. */
    local: async (token: string): Promise<Answer> => {
      const standing = await ask(token, 'authenticatedRead');
      return answer(authorizeUser(standing, ['catalog:read']));
    },
    fresh: async (token: string): Promise<Answer> => {
      const standing = await ask(token, 'privilegedWrite');
      return answer(authorizeFresh(standing, ['catalog:read']));
    },
  };
}

type OpenGates = (authority: Forge['authority'], audience: string) => Promise<Pick<TestGates, 'gates' | 'revocations'>>;

export type Sentry = Awaited<ReturnType<typeof postSentry>>;

type Answer = Readonly<{ heard: string; reason: string }>;

function answer(verdict: ReturnType<typeof authorizeUser>): Answer {
  if (!('denial' in verdict)) return { heard: 'admitted', reason: 'none' };
  return { heard: JSON.stringify(answerDenial(verdict.denial)), reason: verdict.denial.reason };
}
