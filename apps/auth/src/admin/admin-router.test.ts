import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sealedAuthRouter } from '../router.ts';
import { changeRoles } from '../sign-in/roles.ts';
import { adminCalls, margaretSubject, openAdministrator, signInToAdmin } from '../testing/administrator.ts';
import { refusalOf } from '../testing/callers.ts';
import { claimsOf, someNumber, someText, textLike } from '../testing/expected.ts';
import { grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';

let auth: RunningAuthority;
beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());

type Administrator = Awaited<ReturnType<typeof openAdministrator>>;
let margaret: Administrator;
beforeEach(async () => {
  await auth.operator.query(
    `UPDATE accounts SET roles = '{"admin": ["administrator", "operator"]}' WHERE subject = $1`,
    [margaretSubject],
  );
  margaret = await openAdministrator(auth);
});

const graceSubject = 'u_graceAAAAAAAAAAA';
const because = 'a test';
const signedIn = () => auth.as().signIn.mutate(grace);
const isOver = async ({ refreshToken }: { refreshToken: string }) =>
  (await auth
    .as()
    .refresh.mutate({ refreshToken })
    .catch(() => undefined)) === undefined;

test('every procedure of administration stands behind the fresh gate; every change asks for a second factor', () => {
  const tiers = [...sealedAuthRouter.tiers].filter(([path]) => path.startsWith('admin.'));
  const procedures: Readonly<Record<string, unknown>> = sealedAuthRouter.router._def.procedures;
  const expected = tiers.map(([path]) => {
    const { type } = Object(Object(procedures[path])._def);
    return [path, type === 'query' ? 'privilegedWrite' : 'regulatedAction'];
  });
  expect(tiers.length).toBeGreaterThan(12);
  expect(tiers).toEqual(expected);
});

test('a token of another audience is worth nothing here, and a token for here nothing elsewhere', async () => {
  const { accessTokens } = margaret.tokens;
  const refused = { status: 401, reason: 'invalid_token' };
  expect(await refusalOf(adminCalls(auth, accessTokens['auth']?.token).keys.list.query())).toMatchObject(refused);
  expect(await refusalOf(auth.as(accessTokens['admin']?.token).sessions.list.query())).toMatchObject(refused);
  const { accessTokens: web } = await signedIn();
  expect(Object.keys(web)).not.toContain('admin');
});

test('a password alone opens nothing here: not even a look', async () => {
  const { accessTokens } = await signInToAdmin(auth);
  const admin = adminCalls(auth, accessTokens['admin']?.token);
  const stepUp = { status: 401, reason: 'insufficient_user_authentication' };
  expect(await refusalOf(admin.accounts.list.query({}))).toMatchObject(stepUp);
  expect(await refusalOf(admin.sessions.endEveryones.mutate({ because }))).toMatchObject(stepUp);
});

test('five minutes after the second factor a change asks for it again, and a look does not', async () => {
  const { refreshToken } = margaret.tokens;
  auth.advance(301);
  const { accessTokens } = await auth.as().refresh.mutate({ refreshToken });
  const admin = adminCalls(auth, accessTokens['admin']?.token);
  expect((await admin.keys.list.query()).keys).not.toEqual([]);
  expect(await refusalOf(admin.accounts.endSessions.mutate({ subject: graceSubject, because }))).toMatchObject({
    status: 401,
    reason: 'insufficient_user_authentication',
  });
});

test('without a role nobody gets in; an operator ends things and gives nothing', async () => {
  const calls = async (...roles: string[]) => {
    await changeRoles(auth.authority, {
      subject: margaretSubject,
      audience: 'admin',
      roles,
      because,
      actor: 'authority',
    });
    return (await openAdministrator(auth)).admin;
  };
  const denied = { status: 403, reason: 'access_denied' };
  const stranger = await calls();
  expect(await refusalOf(stranger.accounts.list.query({}))).toMatchObject(denied);
  expect(await refusalOf(stranger.accounts.endSessions.mutate({ subject: graceSubject, because }))).toMatchObject(
    denied,
  );

  const operator = await calls('operator');
  expect((await operator.accounts.list.query({ limit: 2 })).accounts).toHaveLength(2);
  expect(await operator.accounts.endSessions.mutate({ subject: graceSubject, because })).toMatchObject({ ended: true });
  const own = { subject: margaretSubject, audience: 'admin', roles: ['administrator', 'operator'], because };
  expect(await refusalOf(operator.accounts.setRoles.mutate(own))).toMatchObject(denied);
  expect(await refusalOf(operator.keys.rotate.mutate({ because }))).toMatchObject(denied);
  expect(await refusalOf(operator.policy.publish.mutate({ ruleSet: {}, because }))).toMatchObject(denied);
});

test('a token for administration, with both roles, fits its budget', () => {
  const { token } = margaret.tokens.accessTokens['admin'] ?? { token: '' };
  expect(claimsOf(token)['roles']).toEqual(['administrator', 'operator']);
  expect(token.length).toBeLessThanOrEqual(512);
});

test('accounts are found by the beginning of their address, page by page, without anything to sign in with', async () => {
  const { admin } = margaret;
  const all = await admin.accounts.list.query({});
  const subjects = all.accounts.map(({ subject }) => subject);
  expect(subjects).toEqual([...subjects].toSorted((one, other) => (one < other ? -1 : 1)));
  const [first] = (await admin.accounts.list.query({ limit: 1 })).accounts;
  const [second] = (await admin.accounts.list.query({ limit: 1, after: first?.subject ?? '' })).accounts;
  expect([first?.subject, second?.subject]).toEqual(subjects.slice(0, 2));
  expect((await admin.accounts.list.query({ email: 'GRA' })).accounts).toEqual([
    { subject: graceSubject, email: grace.email, enabled: true, roles: {}, createdAt: someNumber },
  ]);
  // What means anything to LIKE is taken as it is.
  expect((await admin.accounts.list.query({ email: '%' })).accounts).toEqual([]);
  expect(JSON.stringify(all)).not.toMatch(/argon2|seed|hash/i);
});

test('an account is shown with its sessions; one of them is ended, and then all of them', async () => {
  const { admin } = margaret;
  const [one, other] = [await signedIn(), await signedIn()];
  const { sessions } = await admin.accounts.get.query({ email: grace.email });
  expect(sessions[0]).toMatchObject({ id: other.session.id, client: 'web', acr: 'aal1', network: someText });
  expect(await admin.sessions.end.mutate({ session: other.session.id, because })).toEqual({
    ended: true,
    consistencyToken: textLike(/^c1-/),
  });
  expect([await isOver(other), await isOver(one)]).toEqual([true, false]);
  await admin.accounts.endSessions.mutate({ subject: graceSubject, because });
  expect((await admin.accounts.get.query({ subject: graceSubject })).sessions).toEqual([]);
  expect(await refusalOf(admin.sessions.end.mutate({ session: '1.AAAAAAAA', because }))).toMatchObject({ status: 404 });
  expect(await refusalOf(admin.accounts.get.query({ email: 'nobody@sallyport.example' }))).toMatchObject({
    status: 404,
    reason: 'no_such_account',
  });
});

test('roles are given and taken, and the sessions from before are over', async () => {
  const before = await signedIn();
  const change = { subject: graceSubject, audience: 'catalog', roles: ['curator'], because };
  expect(await margaret.admin.accounts.setRoles.mutate(change)).toEqual({ before: [], after: ['curator'] });
  expect(await isOver(before)).toBe(true);
  expect(claimsOf((await signedIn()).accessTokens['catalog']?.token)['roles']).toEqual(['curator']);
  await margaret.admin.accounts.setRoles.mutate({ ...change, roles: [] });
});

test('a rule set is published when it follows the newest, and its versions stay', async () => {
  const { admin } = margaret;
  const [newest] = (await admin.policy.versions.query({})).versions;
  const { ruleSet, version } = await admin.policy.get.query({ version: newest?.version ?? 0 });
  const next = { ...Object(ruleSet), version: version + 1 };
  expect(await admin.policy.publish.mutate({ ruleSet: next, because })).toEqual({ version: version + 1 });
  expect(await refusalOf(admin.policy.publish.mutate({ ruleSet: next, because }))).toMatchObject({
    status: 409,
    reason: 'not_next',
  });
  expect(await refusalOf(admin.policy.publish.mutate({ ruleSet: { version: 9 }, because }))).toMatchObject({
    status: 400,
    reason: 'invalid_rule_set',
  });
  const versions = (await admin.policy.versions.query({ limit: 2 })).versions;
  expect(versions.map((one) => [one.version, one.because])).toEqual([
    [version + 1, because],
    [version, newest?.because],
  ]);
});

test('keys are listed with their states, rotated, and denied', async () => {
  const { admin } = margaret;
  const [signing] = (await admin.keys.list.query()).keys;
  expect(signing).toMatchObject({ state: 'signing' });
  const { keyId } = await admin.keys.rotate.mutate({ because });
  expect(await refusalOf(admin.keys.rotate.mutate({ because }))).toMatchObject({
    status: 409,
    reason: 'already_announced',
  });
  const states = async () => (await admin.keys.list.query()).keys.map((key) => [key.keyId, key.state]);
  expect((await states()).slice(0, 2)).toEqual([
    [keyId, 'announced'],
    [signing?.keyId, 'signing'],
  ]);
  expect(await refusalOf(admin.keys.deny.mutate({ keyId: 'nobodys', because }))).toMatchObject({ status: 404 });
  const denial = await admin.keys.deny.mutate({ keyId: signing?.keyId ?? '', because });
  expect(denial).toMatchObject({ signsNow: keyId });
  // The token of the one who did it was signed by that key.
  expect(await refusalOf(admin.keys.list.query())).toMatchObject({ status: 401, reason: 'invalid_token' });
});

test('every session of a client, and everybody’s, ends by one call; what begins later lives', async () => {
  const { admin } = margaret;
  const before = await signedIn();
  await admin.clients.endSessions.mutate({ client: 'web', because });
  expect(await isOver(before)).toBe(true);
  expect(await refusalOf(admin.clients.endSessions.mutate({ client: 'nobody', because }))).toMatchObject({
    status: 404,
  });
  const after = await signedIn();
  expect((await admin.sessions.list.query({ client: 'web' })).sessions.map(({ id }) => id)).toEqual([after.session.id]);
  await admin.sessions.endEveryones.mutate({ because });
  expect([await isOver(after), await isOver(margaret.tokens)]).toEqual([true, true]);
  expect(await isOver(await signedIn())).toBe(false);
});

test('clients are shown with what they may, and hold nothing secret', async () => {
  const { clients } = await margaret.admin.clients.list.query();
  expect(clients.map(({ clientId }) => clientId).toSorted()).toEqual(['catalog', 'cli', 'payments', 'web']);
  expect(await margaret.admin.clients.get.query({ client: 'cli' })).toMatchObject({
    kind: 'public',
    userScopes: { admin: ['admin'] },
  });
});

test('who changed what, and why, stands in the audit log', async () => {
  const { rows: before } = await auth.operator.query<{ last: string }>('SELECT max(position) AS last FROM audit_log');
  await margaret.admin.accounts.endSessions.mutate({ subject: graceSubject, because: 'her laptop is gone' });
  const { rows } = await auth.operator.query<{ entry: string }>('SELECT entry FROM audit_log WHERE position > $1', [
    before[0]?.last,
  ]);
  expect(rows.map(({ entry }) => JSON.parse(entry))).toMatchObject([
    {
      action: 'sessions.cut-off',
      actor: `subject:${margaretSubject}`,
      subject: graceSubject,
      because: 'her laptop is gone',
    },
  ]);
});

test('an account is disabled, with everything it has, and enabled again (RRT-06)', async () => {
  const { admin } = margaret;
  const before = await signedIn();
  expect(await admin.accounts.disable.mutate({ subject: graceSubject, because })).toMatchObject({ enabled: false });
  expect(await isOver(before)).toBe(true);
  expect(await refusalOf(signedIn())).toMatchObject({ status: 401 });
  expect(await admin.accounts.get.query({ email: grace.email })).toMatchObject({ enabled: false, sessions: [] });
  expect(await admin.accounts.enable.mutate({ subject: graceSubject, because })).toMatchObject({ enabled: true });
  expect(await isOver(before)).toBe(true);
  expect(await isOver(await signedIn())).toBe(false);
  const nobody = { subject: 'u_nobody', because };
  expect(await refusalOf(admin.accounts.disable.mutate(nobody))).toMatchObject({ status: 404 });
});

test('a client is registered, changed, disabled and enabled; what it may not be is refused', async () => {
  const { admin } = margaret;
  const userScopes = { catalog: ['catalog:read'] };
  const registration = { clientId: 'kiosk', kind: 'public' as const, userScopes };
  const { client, changed } = await admin.clients.register.mutate({ registration, because });
  expect([client.clientId, changed]).toEqual(['kiosk', true]);
  const signIn = async () => (await auth.as().signIn.mutate({ ...grace, clientId: 'kiosk' })).accessTokens;
  expect(Object.keys(await signIn())).toEqual(['catalog']);
  const again = admin.clients.register.mutate({ registration, because });
  expect(await refusalOf(again)).toMatchObject({ status: 409, reason: 'client_exists' });
  const tooMuch = { ...registration, clientId: 'other', grants: ['client_credentials' as const] };
  expect(await refusalOf(admin.clients.register.mutate({ registration: tooMuch, because }))).toMatchObject({
    status: 400,
  });

  const changes = { userScopes: { payments: ['payments:read'] } };
  await admin.clients.update.mutate({ client: 'kiosk', changes, because });
  expect(Object.keys(await signIn())).toEqual(['payments']);
  await admin.clients.disable.mutate({ client: 'kiosk', because });
  expect(await refusalOf(signIn())).toMatchObject({ status: 401 });
  expect(await admin.clients.disable.mutate({ client: 'kiosk', because })).toMatchObject({ changed: false });
  await admin.clients.enable.mutate({ client: 'kiosk', because });
  expect(Object.keys(await signIn())).toEqual(['payments']);
  const { rows } = await auth.operator.query<{ action: string; actor: string }>(
    `SELECT action, actor FROM audit_log WHERE action LIKE 'client.%' AND entry::jsonb ->> 'client' = 'kiosk' ORDER BY position`,
  );
  const actor = `subject:${margaretSubject}`;
  const actions = ['client.registered', 'client.updated', 'client.disabled', 'client.enabled'];
  expect(rows).toEqual(actions.map((action) => ({ action, actor })));
});

test('tiers are closed and opened, lifetimes clamped and given back', async () => {
  const { admin } = margaret;
  const closed = await admin.restrictions.setTier.mutate({ tier: 'standardWrite', to: 'closed', because });
  expect(closed).toMatchObject({ tiers: { standardWrite: 'closed' }, consistencyToken: someText });
  const clamped = await admin.restrictions.clampLifetimes.mutate({ accessTokenSeconds: 60, because });
  expect(await admin.restrictions.get.query()).toEqual({
    version: clamped.version,
    tiers: { standardWrite: 'closed' },
    accessTokenSeconds: 60,
  });
  const tooShort = admin.restrictions.clampLifetimes.mutate({ accessTokenSeconds: 29, because });
  expect(await refusalOf(tooShort)).toMatchObject({ status: 400 });
  await admin.restrictions.setTier.mutate({ tier: 'standardWrite', to: 'as-designed', because });
  await admin.restrictions.clampLifetimes.mutate({ accessTokenSeconds: null, because });
  expect(await admin.restrictions.get.query()).toEqual({ version: clamped.version + 2, tiers: {} });
});

test('no tier can be closed so that nobody can open it: the authority itself goes on', async () => {
  const { admin } = margaret;
  const tiers = ['publicRead', 'authenticatedRead', 'standardWrite', 'privilegedWrite', 'regulatedAction'] as const;
  for (const tier of tiers) await admin.restrictions.setTier.mutate({ tier, to: 'closed', because });
  const { admin: again } = await openAdministrator(auth);
  for (const tier of tiers) await again.restrictions.setTier.mutate({ tier, to: 'as-designed', because });
  expect((await again.restrictions.get.query()).tiers).toEqual({});
});
