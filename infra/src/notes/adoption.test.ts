import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { authorityOverHttp, type AuthorityOverHttp } from '../testing/authority-over-http.ts';
import { createNotesClient, withStepUp, type Challenge } from './client.ts';
import { runNotes } from './main.ts';

// What docs/auth-package.md shows, as it stands there: over HTTP, against an authority over HTTP.

let served: AuthorityOverHttp;
let partner: AuthorityOverHttp;
let running: Awaited<ReturnType<typeof runNotes>>;
let url: string;

beforeAll(async () => {
  served = await authorityOverHttp('service-secret');
  partner = await authorityOverHttp('');
  const signedTokens = { keySetUrl: `${partner.url}/jwks`, believeForSeconds: 60 };
  const others = [{ issuer: partner.url, name: 'partner', audience: 'notes', signedTokens }];
  const credential = async () => 'service-secret';
  running = await runNotes({ issuer: served.url, credential, port: 0, others, onDecision: () => {} });
  const address = running.server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  await vi.waitUntil(running.isReady, { timeout: 10_000 });
});

afterAll(async () => {
  running.stop();
  await served.close();
  await partner.close();
});

let session: string;
let sessions = 0;
beforeEach(() => {
  sessions += 1;
  session = `${sessions}.test`;
});

const tokenOf = (of: string, more: Readonly<{ acr?: string; scope?: string }> = {}): Promise<string> =>
  served.authority.userToken({ audience: 'notes', scope: 'notes:read notes:write', subject: of, session: of, ...more });

const ask = (path: string, token?: string, more: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(`${url}/${path}`, {
    method: path === 'list' ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', ...more, ...(token && { authorization: `Bearer ${token}` }) },
  });

const statusOf = async (path: string, token?: string): Promise<number> => (await ask(path, token)).status;

test('reads and writes pass the local gate', async () => {
  const token = await tokenOf(session);
  const notes = createNotesClient(url, () => token);
  await notes.add.mutate('milk');
  expect(await notes.list.query()).toEqual(['milk']);
  expect(await createNotesClient(url, () => undefined).about.query()).toBe('Sign in.');
});

test.each([
  ['nobody', async () => undefined, 401, 'Bearer realm="sallyport"'],
  [
    'a foreign token',
    () => served.authority.foreignToken({ audience: 'notes', scope: 'notes:read' }),
    401,
    'Bearer realm="sallyport", error="invalid_token"',
  ],
  [
    'a token without the scope',
    () => tokenOf(session, { scope: 'other' }),
    403,
    'Bearer realm="sallyport", error="insufficient_scope", scope="notes:read"',
  ],
])('%s hears the status and the challenge of RFC 6750', async (_name, token, status, challenge) => {
  const answer = await ask('list', await token());
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([status, challenge]);
});

test('a second factor is asked for in the header and, typed, on the client; the same call then goes through (SUP-01)', async () => {
  let token = await tokenOf(session);
  const raw = await ask('removeAll', token, { 'idempotency-key': 'k-1' });
  expect(raw.headers.get('www-authenticate')).toBe(
    'Bearer realm="sallyport", error="insufficient_user_authentication", acr_values="aal2", max_age="300", scope="notes:write"',
  );

  const notes = createNotesClient(url, () => token);
  await notes.add.mutate('milk');
  const asked: Challenge[] = [];
  const removed = await withStepUp(
    (context) => notes.removeAll.mutate(undefined, { context }),
    async (challenge) => {
      asked.push(challenge);
      served.authority.secondFactor(session);
      token = await tokenOf(session, { acr: 'aal2' });
    },
  );
  expect([removed, asked]).toEqual([true, [{ acrValues: ['aal2'], maxAgeSeconds: 300, scope: 'notes:write' }]]);
});

test('a revocation reaches the local gate by the feed', async () => {
  const token = await tokenOf(session);
  expect(await statusOf('list', token)).toBe(200);
  served.authority.revoke({ kind: 'session', session });
  await expect.poll(() => statusOf('list', token)).toBe(401);
});

test('the fresh gate hears of it without the feed, and an authority that is away is 503', async () => {
  const token = await tokenOf(session);
  const publish = async () => (await ask('publish', token)).status;
  expect(await publish()).toBe(200);
  served.authority.setReachable(false);
  expect([await publish(), await statusOf('list', token)]).toEqual([503, 200]);
  served.authority.setReachable(true);
  served.authority.holdFeed(true);
  served.authority.revoke({ kind: 'session', session });
  expect(await publish()).toBe(401);
  served.authority.holdFeed(false);
});

test('a regulated call shares its request with no other', async () => {
  const token = await tokenOf(session, { acr: 'aal2' });
  const answer = await ask('removeAll,publish?batch=1', token, { 'idempotency-key': 'k-2' });
  expect(await answer.json()).toMatchObject([{ error: { data: { reason: 'invalid_request' } } }, { result: {} }]);
});

test('another issuer is believed by configuration alone, for reads and for no more', async () => {
  const token = await partner.authority.userToken({ audience: 'notes', scope: 'notes:read notes:write' });
  expect([await statusOf('list', token), await statusOf('publish', token)]).toEqual([200, 403]);
  const stranger = await partner.authority.foreignToken({ audience: 'notes', scope: 'notes:read' });
  expect(await statusOf('list', stranger)).toBe(401);
});
