import { readTrace } from '@sallyport/auth';
import { AuthorityRefused, callService, openServiceClient } from '@sallyport/client/service';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { clientRegistration } from '../clients/client-registration.ts';
import { disableClient, enableClient, registerClient, updateClient } from '../clients/manage-clients.ts';
import type { TokenSet } from '../sign-in/token-set.ts';
import { newServiceKey } from '../testing/callers.ts';
import { runChainedService, type ChainRouter } from '../testing/chained-service.ts';
import { claimsOf } from '../testing/expected.ts';
import { grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';

let auth: RunningAuthority;
let tokens: TokenSet;
const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
const transactionType = 'urn:ietf:params:oauth:token-type:txn_token';
const accessType = 'urn:ietf:params:oauth:token-type:access_token';

beforeAll(async () => {
  auth = await runAuthority();
  const client = (clientId: string, changes: Parameters<typeof updateClient>[1]['changes']) =>
    updateClient(auth.authority, { clientId, changes }, { because: 'test' });
  const userScopes = {
    auth: ['account'],
    catalog: ['catalog:read', 'catalog:write'],
    payments: ['payments:read'],
    stock: ['stock:read'],
  };
  await client('web', { userScopes: { ...userScopes, payments: ['payments:read', 'payments:write'] } });
  await client('payments', { exchangeTargets: { sallyport: ['catalog:read', 'stock:read', 'catalog:write'] } });
  await client('catalog', {
    grants: ['client_credentials', exchange],
    serviceScopes: { auth: ['introspect', 'revocations', 'policy'], stock: ['stock:read'] },
    exchangeTargets: { sallyport: ['stock:read', 'catalog:read'] },
  });
  tokens = await auth.as().signIn.mutate(grace);
});
afterAll(() => auth.close());

const details = Buffer.from(JSON.stringify({ product: 'p_1' })).toString('base64url');
const ask = (by: 'catalog' | 'payments', members: Readonly<Record<string, string>>) =>
  auth.postAs(by, '/oauth/token', {
    grant_type: exchange,
    requested_token_type: transactionType,
    audience: 'sallyport',
    ...members,
  });
const begin = (scope: string) =>
  ask('payments', {
    scope,
    subject_token: tokens.accessTokens['payments']?.token ?? '',
    subject_token_type: accessType,
    request_details: details,
  });
const replace = (by: 'catalog' | 'payments', token: string, scope: string) =>
  ask(by, { scope, subject_token: token, subject_token_type: transactionType });

test('over two hops each service gets what the authority made for it, to the byte, and nothing at all from a service that is cut off (TTS-09, TTS-10)', async () => {
  const { issuer } = auth;
  const stockKey = await newServiceKey('stock-1');
  const stock = clientRegistration.parse({
    clientId: 'stock',
    kind: 'confidential',
    audience: 'stock',
    publicKeys: [stockKey.publicJwk],
    grants: ['client_credentials'],
    serviceScopes: { auth: ['introspect', 'revocations', 'policy'] },
  });
  await registerClient(auth.authority, stock, { because: 'test' });
  const last = await runChainedService({ name: 'stock', issuer, key: stockKey });
  const middle = await runChainedService({
    name: 'catalog',
    issuer,
    key: auth.keys.catalog,
    next: { name: 'stock', url: last.url },
  });
  await vi.waitFor(() => expect(last.isReady() && middle.isReady()).toBe(true), { timeout: 5000, interval: 10 });

  const service = openServiceClient({ issuer, clientId: 'payments', privateKey: auth.keys.payments.privateJwk });
  const subjectToken = tokens.accessTokens['payments']?.token ?? '';
  const transaction = await service.exchange({
    subjectToken,
    scope: 'catalog:read stock:read',
    context: { product: 'p_1' },
  });
  const call = callService<ChainRouter>({ service, url: middle.url, audience: 'catalog', scope: 'catalog:read' });
  const request = {
    trace: readTrace([]),
    remainingMs: () => 10_000,
    signal: AbortSignal.timeout(10_000),
    consistency: { kind: 'none' } as const,
  };
  const hops = await call({ request, transaction }).hops.query();

  expect(hops.map(({ service: name, chain, subject }) => ({ name, chain, subject }))).toEqual([
    { name: 'catalog', chain: ['payments'], subject: tokens.session.subject },
    { name: 'stock', chain: ['payments', 'catalog'], subject: tokens.session.subject },
  ]);
  expect(hops[0]?.header).toBe(transaction);
  const [first, second] = hops.map(({ header }) => claimsOf(header));
  for (const same of ['txn', 'sub', 'aud', 'sid', 'tctx']) expect(second?.[same]).toEqual(first?.[same]);
  expect(second?.['scope']).toBe('stock:read');
  expect(Buffer.from(hops.map(({ header }) => header).join()).includes(subjectToken)).toBe(false);

  // A service whose client is disabled is refused by the others as well, which hear of it over the feed.
  await disableClient(auth.authority, 'payments', { because: 'test' });
  const causeOf = () =>
    call({ request, transaction })
      .hops.query()
      .then(
        () => 'answered',
        (error: unknown) => (error instanceof Error ? error.cause : error),
      );
  await vi.waitFor(async () => expect(await causeOf()).toBeInstanceOf(AuthorityRefused), {
    timeout: 5000,
    interval: 10,
  });
  await enableClient(auth.authority, 'payments', { because: 'test' });

  await auth.as().signOut.mutate({ refreshToken: tokens.refreshToken });
  expect((await replace('catalog', String(transaction), 'stock:read')).json['error']).toBe('invalid_grant');
  tokens = await auth.as().signIn.mutate(grace);
  await Promise.all([middle.close(), last.close()]);
});

test('whatever chain is asked for: no scope grows, no end moves, the transaction stays, and every workload is named (TTS-10, TEX-07)', async () => {
  const scopes = ['catalog:read', 'stock:read', 'catalog:write'];
  const step = fc.record({
    by: fc.constantFrom('catalog' as const, 'payments' as const),
    scope: fc.subarray(scopes, { minLength: 1 }),
    waitSeconds: fc.constantFrom(0, 0, 1, 20, 45),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.subarray(scopes, { minLength: 1 }),
      fc.array(step, { minLength: 1, maxLength: 5 }),
      async (first, steps) => {
        tokens = await auth.as().refresh.mutate({ refreshToken: tokens.refreshToken });
        let token = String((await begin(first.join(' '))).json['access_token']);
        for (const { by, scope, waitSeconds } of steps) {
          auth.advance(waitSeconds);
          const before = claimsOf(token);
          const { status, json } = await replace(by, token, scope.join(' '));
          const chain = String(before['req_wl']).split(',');
          const rights = by === 'catalog' ? ['stock:read', 'catalog:read'] : scopes;
          const isOver = Number(before['exp']) <= auth.now() / 1000;
          const isAllowed =
            !isOver &&
            chain.length < 4 &&
            scope.every((one) => rights.includes(one) && String(before['scope']).split(' ').includes(one));
          expect({ isAllowed, status }).toEqual({ isAllowed, status: isAllowed ? 200 : 400 });
          if (!isAllowed) continue;
          token = String(json['access_token']);
          const { iat, ...after } = claimsOf(token);
          const { iat: _, ...kept } = before;
          expect(Number(iat)).toBeGreaterThanOrEqual(Number(before['iat']));
          expect(after).toEqual({ ...kept, scope: scope.join(' '), req_wl: [...chain, by].join(',') });
          expect(json['expires_in']).toBe(Number(after['exp']) - Number(iat));
        }
      },
    ),
    { numRuns: 10 },
  );
});

test('a chain has four workloads at most (TTS-10)', async () => {
  let token = String((await begin('stock:read')).json['access_token']);
  for (const by of ['catalog', 'payments', 'catalog'] as const)
    token = String((await replace(by, token, 'stock:read')).json['access_token']);
  expect(claimsOf(token)['req_wl']).toBe('payments,catalog,payments,catalog');
  expect((await replace('payments', token, 'stock:read')).json['error']).toBe('invalid_grant');
});

test('a replacement is of a transaction token alone, with the details that it froze, for a service that may carry people on', async () => {
  const token = String((await begin('stock:read')).json['access_token']);
  const access = tokens.accessTokens['payments']?.token ?? '';
  const cases: [Readonly<Record<string, string>>, string][] = [
    [{ subject_token: token, subject_token_type: transactionType, request_details: details }, 'invalid_request'],
    [{ subject_token: access, subject_token_type: transactionType }, 'invalid_grant'],
    [{ subject_token: token, subject_token_type: accessType }, 'invalid_grant'],
    [{ subject_token: `${token}=`, subject_token_type: transactionType }, 'invalid_grant'],
  ];
  for (const [members, error] of cases)
    expect((await ask('catalog', { scope: 'stock:read', ...members })).json['error']).toBe(error);
});
