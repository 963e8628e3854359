import { createTRPCUntypedClient, httpLink } from '@trpc/client';
import type { AnyRouter } from '@trpc/server';
import { consistencyLink, type ConsistencyMemory } from './consistency-link.ts';
import { sendingTo, type HttpEndpoint } from './http-endpoint.ts';
import type { BackFromProvider } from './provider-sign-in.ts';
import { readPasskeyOptions, type PasskeyOptions } from './second-factor.ts';
import { readTokenSet, type RefreshToken, type TokenSet } from './token-set.ts';

export type Credentials = Readonly<{ email: string; password: string }>;

/** The calls of the authority that deal in refresh tokens, or begin a session. Each throws tRPC's error as it came. */
export type AuthorityCalls = Readonly<{
  signIn: (credentials: Credentials) => Promise<TokenSet>;
  signInFromProvider: (back: BackFromProvider) => Promise<TokenSet>;
  refresh: (refreshToken: RefreshToken) => Promise<TokenSet>;
  /** `members`: the factor that is shown, as the authority's input names it. */
  stepUp: (refreshToken: RefreshToken, members: Readonly<Record<string, unknown>>) => Promise<TokenSet>;
  beginPasskeySignIn: () => Promise<PasskeyOptions>;
  signInByPasskey: (answer: unknown) => Promise<TokenSet>;
  signOut: (refreshToken: RefreshToken) => Promise<void>;
}>;

/** Milliseconds until an authority that does not answer counts as silent: nothing else can be renewed meanwhile. */
const answerWithinMs = 10_000;

export function authorityCalls(
  endpoint: HttpEndpoint,
  clientId: string,
  consistency: ConsistencyMemory,
): AuthorityCalls {
  const client = createTRPCUntypedClient<AnyRouter>({
    links: [consistencyLink(consistency), httpLink(sendingTo(endpoint))],
  });
  const call = (path: string, input: unknown): Promise<unknown> =>
    client.mutation(path, input, { signal: AbortSignal.timeout(answerWithinMs) });
  return {
    signIn: async (credentials) => readTokenSet(await call('signIn', { ...credentials, clientId })),
    signInFromProvider: async ({ code, verifier }) =>
      readTokenSet(await call('signInFromProvider', { code, verifier, clientId })),
    refresh: async (refreshToken) => readTokenSet(await call('refresh', { refreshToken })),
    stepUp: async (refreshToken, members) => readTokenSet(await call('stepUp', { ...members, refreshToken })),
    beginPasskeySignIn: async () => readPasskeyOptions(await call('beginPasskeySignIn', { clientId })),
    signInByPasskey: async (answer) => readTokenSet(await call('signInByPasskey', { answer, clientId })),
    signOut: async (refreshToken) => {
      await call('signOut', { refreshToken });
    },
  };
}
