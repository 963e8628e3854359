import { guardedAuthority, openRequest, remoteKeys } from '@sallyport/auth';
import { testAuthority, testGates, type TestAuthority } from '@sallyport/auth/testing';
import { denialAnswerOf, sealRouter, trustTiers, type TrustContext, type TrustMeta } from '@sallyport/auth/trpc';
import { initTRPC } from '@trpc/server';

const t = initTRPC.context<TrustContext>().meta<TrustMeta>().create({ isServer: true });
const trust = trustTiers(t.procedure);
const router = t.router({
  read: trust.authenticatedRead({ scope: 'notes:read' }).query(({ ctx }) => ctx.principal.evidence),
  remove: trust.privilegedWrite({ scope: 'notes:write' }).mutation(({ ctx }) => ctx.principal.evidence),
});

/** What `trial` answers wherever the package runs. */
export const expectedTrial = {
  'a good token, locally': 'local',
  'a good token, asked afresh': 'fresh',
  nobody: 'unauthenticated',
  'a token signed by another key': 'invalid_token',
  'a token for another service': 'invalid_token',
  'a token that has expired': 'invalid_token',
  'a token without the scope': 'insufficient_scope',
  'a revoked session, locally': 'invalid_token',
  'a revoked session, asked afresh': 'invalid_token',
} as const;

/**
 * Both gates with real ES256 keys, through tRPC, without a network. It is run from the packed package on several runtimes,
 * so it uses nothing that one of them lacks.
 */
export async function trial(): Promise<Record<string, string>> {
  const authority = await testAuthority();
  const keys = remoteKeys({ url: `${authority.issuer}/jwks`, fetch: answerKeys(authority), clock: authority.clock });
  await keys.refreshNow();
  const introspect = guardedAuthority(authority.introspect);
  const { gates, revocations } = await testGates({ ...authority, keys, introspect }, 'notes');
  const { tiers } = sealRouter(router);

  const call = (path: 'read' | 'remove', token?: string): Promise<string> => {
    const headers = (name: string) => (name === 'Authorization' && token !== undefined ? [`Bearer ${token}`] : []);
    const request = openRequest({ gates, headers, tiers: [tiers.get(path) ?? 'regulatedAction'] });
    return t.createCallerFactory(router)({ request })[path]().catch(publicWord);
  };

  const wanted = { audience: 'notes', scope: 'notes:read notes:write' };
  const good = await authority.userToken(wanted);
  const anHourAgo = authority.clock.epochSeconds() - 3600;
  const outcomes = {
    'a good token, locally': await call('read', good),
    'a good token, asked afresh': await call('remove', good),
    nobody: await call('read'),
    'a token signed by another key': await call('read', await authority.foreignToken(wanted)),
    'a token for another service': await call('read', await authority.userToken({ ...wanted, audience: 'other' })),
    'a token that has expired': await call(
      'read',
      await authority.userToken({ ...wanted, claims: { iat: anHourAgo, exp: anHourAgo + 300 } }),
    ),
    'a token without the scope': await call('read', await authority.userToken({ ...wanted, scope: 'other' })),
  };
  authority.revoke({ kind: 'session', session: '1.test' });
  const afterwards = {
    'a revoked session, locally': await call('read', good),
    'a revoked session, asked afresh': await call('remove', good),
  };
  revocations.close();
  keys.close();
  return { ...outcomes, ...afterwards };
}

/** The runtime's own `Request` looks at what is asked for; the answer comes without a network. */
function answerKeys(authority: TestAuthority): typeof fetch {
  return async (input, init) => {
    const { url } = new Request(input, init);
    return url.endsWith('/jwks') ? Response.json(authority.keySet()) : new Response(null, { status: 404 });
  };
}

function publicWord(error: unknown): string {
  const answer = error instanceof Error ? denialAnswerOf(error) : undefined;
  if (answer === undefined) throw error;
  return answer.reason;
}
