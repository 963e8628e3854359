import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openServiceClient } from '@sallyport/client/service';
import { inTransaction } from '@sallyport/db';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { transactionLimits } from '../database.ts';
import { prepareDatabase } from '../prepare-database.ts';
import { newServiceKey, refusalOf } from '../testing/callers.ts';
import { claimsOf } from '../testing/expected.ts';
import { adaSubject, grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { clientRegistration, type ClientRegistrationInput } from './client-registration.ts';
import { readClientSeed, seedClients } from './client-seed.ts';
import { disableClient, disableClientIn, enableClient, registerClient, updateClient } from './manage-clients.ts';

let auth: RunningAuthority;
beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());

const forCatalog = { grant_type: 'client_credentials', audience: 'catalog' };
const forIntrospection = { grant_type: 'client_credentials', audience: 'auth', scope: 'introspect' };
const page = (clientId: string): ClientRegistrationInput => ({
  clientId,
  kind: 'public',
  grants: ['refresh_token'],
  userScopes: { auth: ['account'], catalog: ['catalog:read'] },
});
const register = (input: ClientRegistrationInput) =>
  registerClient(auth.authority, clientRegistration.parse(input), { because: 'test' });
const signIn = (clientId: string) => auth.as().signIn.mutate({ ...grace, clientId });
const ownToken = async () => String((await auth.postAs('payments', '/oauth/token', forCatalog)).json['access_token']);
const isActive = async (token: string) =>
  (await auth.postAs('catalog', '/oauth/introspect', { token })).json['active'] === true;

test('people sign in through a client as soon as it is registered, and get what it has been given', async () => {
  expect(await register(page('shop'))).toMatchObject({ outcome: 'done', changed: true });
  const { accessTokens } = await signIn('shop');
  expect(Object.keys(accessTokens).toSorted()).toEqual(['auth', 'catalog']);
  expect(await register(page('shop'))).toEqual({ outcome: 'refused', reason: 'client_exists' });
});

test('an id, or an audience, that somebody has is not given again; nor is a subject’s (OSB-14)', async () => {
  const key = (await newServiceKey('stock-1')).publicJwk;
  const stock = { clientId: 'stock', kind: 'confidential', audience: 'payments', publicKeys: [key] } as const;
  expect(await register(clientRegistration.parse(stock))).toEqual({ outcome: 'refused', reason: 'audience_taken' });
  const asSubject = { ...clientRegistration.parse(page('shop')), clientId: adaSubject };
  expect(await registerClient(auth.authority, asSubject, { because: 'test' })).toEqual({
    outcome: 'refused',
    reason: 'is_a_subject',
  });
});

test('a service’s own token opens nothing that is a person’s, whatever scope it has (OSB-14)', async () => {
  const scope = { auth: ['introspect', 'revocations', 'policy', 'account'], catalog: ['catalog:read'] };
  await updateClient(auth.authority, { clientId: 'payments', changes: { serviceScopes: scope } }, { because: 'test' });
  const form = { grant_type: 'client_credentials', audience: 'auth', scope: 'account' };
  const own = String((await auth.postAs('payments', '/oauth/token', form)).json['access_token']);
  expect(await refusalOf(auth.as(own).sessions.list.query())).toMatchObject({ status: 403 });
});

test('a registration whose tokens would be over their budget is refused before anybody signs in', async () => {
  const scopes = Array.from({ length: 8 }, (_, index) => `catalog:scope-number-${index}`);
  await expect(register({ ...page('wide'), userScopes: { catalog: scopes } })).rejects.toThrow('the budget is 512');
});

test('a change that only adds ends nothing; one that takes something away ends what rests on it, at once', async () => {
  await register(page('kiosk'));
  const change = (changes: Parameters<typeof updateClient>[1]['changes']) =>
    updateClient(auth.authority, { clientId: 'kiosk', changes }, { because: 'test' });
  const set = await signIn('kiosk');
  const wider = { auth: ['account'], catalog: ['catalog:read', 'catalog:write'] };
  expect(await change({ userScopes: wider })).toMatchObject({ outcome: 'done', changed: true });
  expect(await change({ userScopes: wider })).toMatchObject({ outcome: 'done', changed: false });
  const next = await auth.as().refresh.mutate({ refreshToken: set.refreshToken });
  expect(next.accessTokens['catalog']?.scope).toBe('catalog:read catalog:write');
  expect(await change({ userScopes: { auth: ['account'] } })).toMatchObject({ endedUpTo: expect.any(Number) });
  expect(await isActive(next.accessTokens['catalog']?.token ?? '')).toBe(false);
  await expect(auth.as().refresh.mutate({ refreshToken: next.refreshToken })).rejects.toThrow();
  expect(Object.keys((await signIn('kiosk')).accessTokens)).toEqual(['auth']);
  expect(await change({ grants: ['client_credentials'] })).toMatchObject({
    outcome: 'refused',
    reason: 'not_a_client',
  });
});

test('a disabled client does nothing more: its own token is over, here and at every follower of the feed', async () => {
  const before = await ownToken();
  const forFeed = String((await auth.postAs('payments', '/oauth/token', forIntrospection)).json['access_token']);
  const question = { tokenId: 't', session: 's', subject: 'u', client: 'c' };
  const ask = () => auth.as(forFeed).internal.introspect.query({ questions: [question] });
  expect(await isActive(before)).toBe(true);
  expect((await ask()).answers).toEqual([{ active: false }]);

  expect(await disableClient(auth.authority, 'payments', { because: 'test' })).toMatchObject({
    endedUpTo: expect.any(Number),
  });
  expect(await isActive(before)).toBe(false);
  expect((await auth.postAs('payments', '/oauth/token', forCatalog)).json['error']).toBe('invalid_client');
  await vi.waitFor(async () => expect((await refusalOf(ask())).status).toBe(401), { timeout: 1000, interval: 5 });
  expect(await disableClient(auth.authority, 'payments', { because: 'test' })).toMatchObject({ changed: false });

  await enableClient(auth.authority, 'payments', { because: 'test' });
  expect(await isActive(before)).toBe(false);
  const [after, other] = [
    await ownToken(),
    String((await auth.postAs('payments', '/oauth/token', forIntrospection)).json['access_token']),
  ];
  expect(await isActive(after)).toBe(true);
  expect(Math.abs(Number(claimsOf(after)['iat']) - Number(claimsOf(before)['iat']))).toBeLessThan(5);
  expect((await auth.as(other).internal.introspect.query({ questions: [question] })).answers).toHaveLength(1);
});

test('the feed tells a client of its own end, and then ends too: it was opened with a token that is over', async () => {
  const { feed } = openServiceClient({
    issuer: auth.issuer,
    clientId: 'catalog',
    privateKey: auth.keys.catalog.privateJwk,
  });
  const told: string[] = [];
  const close = feed.open(undefined, {
    onMessage: (message) => told.push(message.type === 'event' ? message.event.kind : message.type) > 0,
    onEnd: () => void told.push('end'),
  });
  await vi.waitFor(() => expect(told).toContain('heartbeat'), { timeout: 3000, interval: 5 });
  await disableClient(auth.authority, 'payments', { because: 'test' });
  await disableClient(auth.authority, 'catalog', { because: 'test' });
  await vi.waitFor(() => expect(told).toContain('end'), { timeout: 3000, interval: 5 });
  expect(told.filter((one) => one === 'client' || one === 'end')).toEqual(['client', 'client', 'end']);
  close();
  for (const client of ['payments', 'catalog']) await enableClient(auth.authority, client, { because: 'test' });
});

test('a token that is asked for while its client is being disabled is either refused or covered by the cut-off', async () => {
  await inTransaction(auth.authority.database, transactionLimits, async (transaction) => {
    // The request has read the client as enabled, and waits for the row: it must not get away with that.
    const outcome = await disableClientIn(transaction, 'payments', { because: 'test', at: new Date(auth.now()) });
    expect(outcome).toMatchObject({ outcome: 'done', changed: true });
    asked = auth.postAs('payments', '/oauth/token', forCatalog);
    await vi.waitFor(async () => expect(await waitingFor('for share')).toBe(1), { timeout: 1000, interval: 5 });
  });
  expect((await asked)?.json['error']).toBe('invalid_client');
  await enableClient(auth.authority, 'payments', { because: 'test' });
});

let asked: ReturnType<RunningAuthority['postAs']> | undefined;

async function waitingFor(what: 'for share' | 'nextval'): Promise<number> {
  const { rows } = await auth.operator.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%'`,
    [what],
  );
  return rows.length;
}

test('who is held up before a serial is drawn finds the client disabled, and not as it was before', async () => {
  await register(page('booth'));
  const holder = await auth.operator.connect();
  // Nobody draws a serial until this is over; what was drawn so far can be read.
  await holder.query('BEGIN; ALTER SEQUENCE session_serials CACHE 1');
  const held = auth.postAs('payments', '/oauth/token', forCatalog);
  const signingIn = signIn('booth');
  await vi.waitFor(async () => expect(await waitingFor('nextval')).toBe(2), { timeout: 3000, interval: 5 });
  for (const client of ['payments', 'booth']) await disableClient(auth.authority, client, { because: 'test' });
  await holder.query('ROLLBACK');
  holder.release();
  expect((await held).json['error']).toBe('invalid_client');
  expect((await signingIn).accessTokens).toEqual({});
  await enableClient(auth.authority, 'payments', { because: 'test' });
});

test('the seed file can be read again: it changes what it names, enables nobody, and deletes nobody', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-seed-'));
  const path = join(folder, 'clients.json');
  await writeFile(path, JSON.stringify({ clients: [page('desk'), page('till')] }));
  await seedClients(auth.authority, await readClientSeed(path));
  await disableClient(auth.authority, 'till', { because: 'test' });
  const set = await signIn('desk');
  await seedClients(auth.authority, await readClientSeed(path));
  await prepareDatabase(auth.preparation);
  expect(await isActive(set.accessTokens['catalog']?.token ?? '')).toBe(true);
  await expect(signIn('till')).rejects.toThrow();

  await writeFile(path, JSON.stringify({ clients: [{ ...page('desk'), userScopes: { auth: ['account'] } }] }));
  await seedClients(auth.authority, await readClientSeed(path));
  expect(await isActive(set.accessTokens['catalog']?.token ?? '')).toBe(false);
  expect(Object.keys((await signIn('desk')).accessTokens)).toEqual(['auth']);

  await writeFile(path, JSON.stringify({ clients: [{ ...page('desk'), secret: 'canary' }] }));
  await expect(readClientSeed(path)).rejects.toThrow(/^\S+ is not valid at clients\.0: /);
  await expect(readClientSeed(join(folder, 'none'))).rejects.toThrow('cannot be read');
  await rm(folder, { recursive: true });
});
