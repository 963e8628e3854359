import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { throwAwayDatabase } from '@sallyport/db/testing';
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { demoPassword, grace, margaret, radia } from '../demo-users.ts';
import { bearing, openDevice, type Device } from '../device.ts';
import { repositoryRoot } from '../repository.ts';
import { startTemporarySystem, type TemporarySystem } from '../temporary-system.ts';
import { refusal } from '../testing/refused.ts';
import { totpCode, untilPeriodHasTime } from '../totp-code.ts';

const authFolder = join(repositoryRoot, 'apps/auth');
let database: Awaited<ReturnType<typeof throwAwayDatabase>>;
let system: TemporarySystem;

beforeAll(async () => {
  database = await throwAwayDatabase();
  system = await startTemporarySystem(database.url);
});
afterAll(async () => {
  await system.close();
  await database.drop();
});

async function signedIn(who: Readonly<{ email: string }>): Promise<Device> {
  const device = openDevice(system.urls);
  await device.client.signIn({ email: who.email, password: demoPassword });
  return device;
}

/** Runs a command of the authority as an operator does, and answers what it printed. */
async function command(script: string, ...options: readonly string[]): Promise<unknown> {
  const env = {
    ...process.env,
    DATABASE_URL: database.url,
    ISSUER: system.urls.auth,
    KEY_ENCRYPTION_KEY: system.secrets.keyEncryptionKey,
  };
  const path = join(authFolder, 'src', script);
  const { stdout } = await promisify(execFile)(process.execPath, [path, '--json', ...options], { env });
  return JSON.parse(stdout);
}

const ruleSet = z.looseObject({ version: z.int(), rules: z.array(z.looseObject({})) });

test('a rule that is published is in force at catalog within 5 s, and so is its end', async () => {
  const house = ruleSet.parse(JSON.parse(await readFile(join(authFolder, 'policy/house-rules.json'), 'utf8')));
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-rules-'));
  const publish = async (version: number, ...more: readonly Record<string, unknown>[]) => {
    const file = join(folder, `${version}.json`);
    await writeFile(file, JSON.stringify({ ...house, version, rules: [...house.rules, ...more] }));
    expect(await command('publish-policy.ts', file, '--because', 'a test')).toMatchObject({ published: true, version });
    await expect.poll(() => rulesAt('catalog'), { timeout: 5000, interval: 20 }).toBe(version);
  };
  const { client } = await signedIn(grace);
  const [product] = (await client.catalog.products.list.query({ limit: 1 })).items;
  const id = product?.id ?? '';
  const everything = { to: 'anyone', action: 'read', subject: 'product', inverted: true };

  await publish(2, everything);
  expect((await client.catalog.products.list.query({ limit: 1 })).items).toEqual([]);
  expect(await refusal(client.catalog.products.get.query({ id }))).toEqual({ status: 404, reason: 'not_found' });
  await publish(3);
  expect((await client.catalog.products.list.query({ limit: 1 })).items).toHaveLength(1);
});

async function rulesAt(service: 'catalog'): Promise<number> {
  const answer = z.object({ readings: z.object({ policyVersion: z.int() }) });
  const ready = await fetch(`${system.urls[service]}/readyz`);
  return answer.parse(await ready.json()).readings.policyVersion;
}

test('a curator restores what was archived; with the role taken, the session is over and the right is gone', async () => {
  const owner = await signedIn(grace);
  const { id } = await owner.client.catalog.products.create.mutate({
    name: 'A lamp',
    description: 'It shines.',
    category: 'lighting',
    amount: '100',
    currency: 'EUR',
  });
  await owner.client.catalog.products.archive.mutate({ id });
  const denied = { status: 403, reason: 'access_denied' };
  expect(await refusal(owner.client.catalog.products.restore.mutate({ id }))).toEqual(denied);

  const curator = await signedIn(radia);
  expect(await curator.client.catalog.products.restore.mutate({ id })).toMatchObject({ archived: false });
  const taken = ['change-roles.ts', radia.email, '--at', 'catalog', '--roles', '', '--because', 'a test'] as const;
  expect(await command(...taken)).toEqual({ found: true, audience: 'catalog', before: ['curator'], after: [] });
  expect(await refusal(curator.client.catalog.products.restore.mutate({ id }))).toMatchObject({ status: 401 });
  const again = await signedIn(radia);
  expect(await refusal(again.client.catalog.products.restore.mutate({ id }))).toEqual(denied);
});

test('a key that is denied: within a second catalog refuses what it signed, and whoever refreshes goes on', async () => {
  const device = await signedIn(grace);
  const tokens = await device.tokens();
  const stolen = device.raw('catalog', bearing(tokens, 'catalog'));
  expect(await refusal(stolen.products.mine.query({}))).toMatchObject({ answered: {} });

  const { kid } = decodeProtectedHeader(tokens.accessTokens['catalog']?.token ?? '');
  expect(await command('deny-signing-key.ts', '--because', 'a test', '--', String(kid))).toMatchObject({
    denied: true,
  });
  const refused = { status: 401, reason: 'invalid_token' };
  await expect.poll(() => refusal(stolen.products.mine.query({})), { timeout: 1000, interval: 20 }).toEqual(refused);
  await expect(device.client.catalog.products.mine.query({})).resolves.toMatchObject({ items: expect.any(Array) });
  expect((await device.tokens()).session.id).toBe(tokens.session.id);
});

/** Runs the command line as whoever runs the house does, where nobody sits at a terminal. */
function sallyport(sessions: string, ...words: readonly string[]) {
  const env = {
    ...process.env,
    SALLYPORT_AUTHORITY: system.urls.auth,
    SALLYPORT_SESSIONS: sessions,
    SALLYPORT_PASSWORD: demoPassword,
    SALLYPORT_CODE: totpCode(margaret.totpSeed),
  };
  const path = join(repositoryRoot, 'infra/src/command-line/main.ts');
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [path, ...words], { env }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr: stderr.trim() }),
    );
  });
}

test('the command line signs in with two factors, keeps the session to itself, and calls the procedures', async () => {
  const sessions = join(await mkdtemp(join(tmpdir(), 'sallyport-cli-')), 'kept');
  const unsigned = await sallyport(sessions, 'keys', 'list');
  expect([unsigned.code, unsigned.stderr]).toEqual([
    2,
    'sallyport: Nobody is signed in here: say "sign-in <e-mail>" first.',
  ]);

  await untilPeriodHasTime();
  const begun = await sallyport(sessions, 'sign-in', margaret.email, '--json');
  expect([begun.code, JSON.parse(begun.stdout)]).toMatchObject([0, { acr: 'aal2' }]);
  const [file = ''] = await readdir(sessions);
  expect((await stat(join(sessions, file))).mode & 0o777).toBe(0o600);
  expect((await stat(sessions)).mode & 0o777).toBe(0o700);
  expect(begun.stdout + begun.stderr).not.toContain(
    JSON.parse(await readFile(join(sessions, file), 'utf8')).refreshToken,
  );

  const listed = await sallyport(sessions, 'keys', 'list', '--json');
  expect(JSON.parse(listed.stdout)).toMatchObject({
    keys: expect.arrayContaining([expect.objectContaining({ state: 'signing' })]),
  });
  const person = await signedIn(grace);
  const without = await sallyport(sessions, 'accounts', 'end-sessions', grace.email);
  expect([without.code, without.stderr]).toEqual([2, 'sallyport: accounts end-sessions needs --because.']);
  const ended = await sallyport(sessions, 'accounts', 'end-sessions', grace.email, '--because', 'a test');
  expect([ended.code, ended.stdout]).toEqual([0, 'ended: true\n']);
  expect(await refusal(person.client.auth.sessions.list.query())).toMatchObject({ status: 401 });
  const nobody = await sallyport(sessions, 'accounts', 'show', 'nobody@sallyport.example');
  expect([nobody.code, nobody.stderr]).toEqual([1, 'sallyport: There is no such account.']);

  await chmod(join(sessions, file), 0o644);
  const exposed = await sallyport(sessions, 'keys', 'list');
  expect([exposed.code, exposed.stderr]).toMatchObject([2, expect.stringMatching(/can be read by others/)]);
  await chmod(join(sessions, file), 0o600);
  expect(await sallyport(sessions, 'sign-out')).toMatchObject({ code: 0, stdout: 'signedOut: true\n' });
  expect(await readdir(sessions)).toEqual([]);
}, 90_000);
