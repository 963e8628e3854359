import { openServiceClient } from '@sallyport/client/service';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readRevocations } from '../revocation/revocation-outbox.ts';
import { refusalOf } from '../testing/callers.ts';
import { claimsOf } from '../testing/expected.ts';
import { runScript } from '../testing/run-command.ts';
import { grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { changeRoles } from './roles.ts';

let auth: RunningAuthority;
beforeAll(async () => {
  auth = await runAuthority();
});
beforeEach(() => auth.operator.query(`UPDATE accounts SET roles = '{}'`));
afterAll(() => auth.close());

const subject = 'u_graceAAAAAAAAAAA';
const give = (...roles: string[]) =>
  changeRoles(auth.authority, { subject, audience: 'catalog', roles, because: 'test' });
const signIn = () => auth.as().signIn.mutate(grace);
const rolesIn = (token: string | undefined) => claimsOf(token)['roles'];

test('a token says the roles at its own audience, sorted; one without roles has no such claim (RFC 9068 §2.2.3.1)', async () => {
  expect(await give('b', 'a', 'b')).toEqual({ before: [], after: ['a', 'b'] });
  const { accessTokens } = await signIn();
  expect(rolesIn(accessTokens['catalog']?.token)).toEqual(['a', 'b']);
  for (const audience of ['auth', 'payments']) {
    expect(Object.keys(claimsOf(accessTokens[audience]?.token))).not.toContain('roles');
  }
});

test('a token without roles has at most 480 bytes, and one for a curator fits the budget of 512', async () => {
  const plain = await signIn();
  for (const { token } of Object.values(plain.accessTokens)) expect(token.length).toBeLessThanOrEqual(480);
  await give('curator');
  const { accessTokens } = await signIn();
  expect(accessTokens['catalog']?.token.length).toBeLessThanOrEqual(512);
});

test('roles for which no token would have room are refused before anybody gets them', async () => {
  const many = Array.from({ length: 8 }, (_, index) => `a-long-name-of-a-role-${index}`);
  await expect(give(...many)).rejects.toThrow('the budget is 512');
  expect(rolesIn((await signIn()).accessTokens['catalog']?.token)).toBeUndefined();
});

test('a change ends every session that the person has, over the feed, in one transaction', async () => {
  const before = await signIn();
  await give('curator');
  const { rows } = await auth.operator.query<{ last: string }>('SELECT last_position AS last FROM revocation_counter');
  const [recorded] = await readRevocations(auth.authority.database, Number(rows[0]?.last) - 1, 1);
  expect(recorded?.event).toMatchObject({ kind: 'subject', subject });
  expect(await refusalOf(auth.as().refresh.mutate({ refreshToken: before.refreshToken }))).toMatchObject({
    status: 401,
  });
  expect(rolesIn((await signIn()).accessTokens['catalog']?.token)).toEqual(['curator']);
});

test('a change that changes nothing ends nothing, and nobody’s roles cannot be changed', async () => {
  await give('curator');
  const { refreshToken } = await signIn();
  expect(await give('curator')).toEqual({ before: ['curator'], after: ['curator'] });
  await auth.as().refresh.mutate({ refreshToken });
  const nobody = { subject: 'u_nobody', audience: 'catalog', roles: ['curator'], because: 'test' };
  expect(await changeRoles(auth.authority, nobody)).toBeUndefined();
});

test('of sign-ins and role changes at once, no living token says a role that is over', async () => {
  for (let round = 0; round < 5; round += 1) {
    await give('curator');
    const [, ...sets] = await Promise.all([give(), ...Array.from({ length: 4 }, signIn)]);
    const questions = sets.map(({ session }) => ({ tokenId: 't', session: session.id, subject, client: 'web' }));
    const answers = await auth.authority.introspect(questions);
    const living = sets.filter((_, index) => answers[index]?.active);
    expect(living.map(({ accessTokens }) => rolesIn(accessTokens['catalog']?.token))).toEqual(
      living.map(() => undefined),
    );
  }
});

test('whoever signs in while roles change waits for the change: its token says what is true by then', async () => {
  const change = await auth.operator.connect();
  await change.query('BEGIN');
  await change.query(`UPDATE accounts SET roles = '{"catalog": ["curator"]}' WHERE subject = $1`, [subject]);
  const signingIn = signIn();
  const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  try {
    await expect.poll(async () => (await auth.operator.query(waiting)).rowCount, { timeout: 5000 }).toBe(1);
  } finally {
    await change.query('COMMIT');
    change.release();
  }
  expect(rolesIn((await signingIn).accessTokens['catalog']?.token)).toEqual(['curator']);
});

test('an introspection says the present roles at the service that asks, and no others (INT)', async () => {
  await give('curator');
  const { session } = await signIn();
  const { issuer, keys } = auth;
  const question = { tokenId: 't', session: session.id, subject, client: 'web' };
  for (const [clientId, roles] of [
    ['catalog', ['curator']],
    ['payments', []],
  ] as const) {
    const service = openServiceClient({ issuer, clientId, privateKey: keys[clientId].privateJwk });
    expect(await service.authority([question], AbortSignal.timeout(5000))).toMatchObject([{ active: true, roles }]);
  }
  // Written past the rules, so that the session lives on: the authority's word counts, not the token's.
  await auth.operator.query(`UPDATE accounts SET roles = '{"catalog": ["editor"]}' WHERE subject = $1`, [subject]);
  const service = openServiceClient({ issuer, clientId: 'catalog', privateKey: keys.catalog.privateJwk });
  expect(await service.authority([question], AbortSignal.timeout(5000))).toMatchObject([{ roles: ['editor'] }]);
});

test('RFC 7662 says the present roles too', async () => {
  await give('curator');
  const { accessTokens } = await signIn();
  const token = accessTokens['catalog']?.token ?? '';
  expect((await auth.postAs('catalog', '/oauth/introspect', { token })).json).toMatchObject({ roles: ['curator'] });
  await auth.operator.query(`UPDATE accounts SET roles = '{}' WHERE subject = $1`, [subject]);
  expect((await auth.postAs('catalog', '/oauth/introspect', { token })).json).not.toHaveProperty('roles');
});

test('the command changes roles, says what it did, and knows no strangers', async () => {
  const settings = {
    DATABASE_URL: auth.preparation.databaseUrl,
    ISSUER: auth.issuer,
    KEY_ENCRYPTION_KEY: Buffer.from(auth.preparation.keyEncryptionKey).toString('base64url'),
  };
  const run = (...options: string[]) => runScript('change-roles.ts', settings, options);
  const change = ['--at', 'catalog', '--because', 'test'];
  expect(await run(grace.email, '--roles', 'a,b', ...change)).toMatchObject({
    code: 0,
    stdout: 'grace@sallyport.example was nothing at catalog, and is a, b now.\n',
  });
  const taken = await run(grace.email, '--roles', '', ...change, '--json');
  expect(JSON.parse(taken.stdout)).toEqual({
    found: true,
    audience: 'catalog',
    before: ['a', 'b'],
    after: [],
  });
  expect(await run('nobody@sallyport.example', '--roles', 'curator', ...change)).toMatchObject({ code: 1 });
  const wrong = [
    [grace.email, '--roles', 'Curator', ...change],
    [grace.email, '--roles', 'partner:curator', ...change],
    [grace.email, '--roles', 'curator', '--at', 'catalog'],
    [...change, '--roles', 'curator'],
  ];
  for (const { code, stderr } of await Promise.all(wrong.map((options) => run(...options)))) {
    expect([code, stderr.trim().split('\n').length]).toEqual([2, 1]);
  }
  expect((await run('--help')).stdout).toContain('--roles');
}, 60_000);
