import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openServiceClient } from '@sallyport/client/service';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { prepareDatabase } from '../prepare-database.ts';
import { readRevocations } from '../revocation/revocation-outbox.ts';
import { refusalOf } from '../testing/callers.ts';
import { runScript } from '../testing/run-command.ts';
import { runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { ensureRuleSet, houseRules } from './house-rules.ts';
import { newestRuleSet, publishRuleSet } from './rule-sets.ts';

let auth: RunningAuthority;
let folder: string;
beforeAll(async () => {
  auth = await runAuthority();
  folder = join(await mkdtemp(join(tmpdir(), 'sallyport-rules-')), 'file-');
});
beforeEach(async () => {
  await auth.operator.query('DELETE FROM policy_rule_sets WHERE version > 1');
});
afterAll(() => auth.close());

const rule = { to: 'anyone', action: 'read', subject: 'product' };
const ruleSet = (version: number, rules: readonly object[] = [rule]) => ({ version, kinds: { product: {} }, rules });
const publish = (value: unknown) => publishRuleSet(auth.authority, value, { because: 'test' });
const inForce = async () => (await newestRuleSet(auth.authority.database))?.version;
const lastEvents = async (count: number) => {
  const { rows } = await auth.operator.query<{ last: string }>('SELECT last_position AS last FROM revocation_counter');
  const recorded = await readRevocations(auth.authority.database, Number(rows[0]?.last) - count, count);
  return recorded.map(({ event }) => event);
};

test('a new house begins with its rules, and preparing it again changes none that were published since', async () => {
  expect((await newestRuleSet(auth.authority.database))?.ruleSet).toEqual(await houseRules());
  await publish(ruleSet(2));
  await prepareDatabase(auth.preparation);
  expect(await inForce()).toBe(2);
});

test('a rule set and its news are one transaction', async () => {
  expect(await publish(ruleSet(2))).toEqual({ published: true, version: 2, before: await houseRules() });
  expect(await lastEvents(1)).toMatchObject([{ kind: 'policy', version: 2 }]);
  await auth.operator.query('ALTER TABLE revocations ADD CONSTRAINT no_news CHECK (position < 0) NOT VALID');
  await expect(publish(ruleSet(3))).rejects.toThrow();
  await auth.operator.query('ALTER TABLE revocations DROP CONSTRAINT no_news');
  expect(await inForce()).toBe(2);
});

const nameOf = (error: unknown) => (error instanceof Error ? error.name : error);

test.each([0, 1, 3])('version %i after version 1 is refused, and nothing is written or told', async (version) => {
  const events = await lastEvents(1);
  const outcome = await publish(ruleSet(version)).catch(nameOf);
  expect(outcome).toEqual(version === 0 ? 'RuleSetError' : { published: false, version, newest: 1 });
  expect([await inForce(), await lastEvents(1)]).toEqual([1, events]);
});

test('of eight that publish the next version at once, one does', async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, (_, index) => publish(ruleSet(2, [{ ...rule, action: `act${index}` }]))),
  );
  expect(outcomes.filter(({ published }) => published)).toHaveLength(1);
  const winner = outcomes.findIndex(({ published }) => published);
  expect((await newestRuleSet(auth.authority.database))?.ruleSet).toMatchObject({
    rules: [{ action: `act${winner}` }],
  });
});

test('the run-time role adds rule sets, and changes or deletes none', async () => {
  const { database } = auth.authority;
  for (const statement of ['UPDATE policy_rule_sets SET because = 1', 'DELETE FROM policy_rule_sets']) {
    await expect(database.execute(statement)).rejects.toMatchObject({ cause: { message: /permission denied/ } });
  }
});

test('a service gets the newest, as itself and with the scope for it; nobody else gets any', async () => {
  await publish(ruleSet(2));
  const { issuer, keys } = auth;
  const service = openServiceClient({ issuer, clientId: 'catalog', privateKey: keys.catalog.privateJwk });
  expect(await service.policy(AbortSignal.timeout(5000))).toEqual(ruleSet(2));
  const other = auth.as(await service.token('auth', 'introspect'));
  expect(await refusalOf(other.internal.policy.query())).toMatchObject({ status: 403, reason: 'insufficient_scope' });
  expect(await refusalOf(auth.as().internal.policy.query())).toMatchObject({ status: 401 });
});

test('an authority without any rules says that it does not know', async () => {
  await auth.operator.query('DELETE FROM policy_rule_sets');
  const { issuer, keys } = auth;
  const service = openServiceClient({ issuer, clientId: 'catalog', privateKey: keys.catalog.privateJwk });
  await expect(service.policy(AbortSignal.timeout(5000))).rejects.toThrow('The authority is unavailable');
  await ensureRuleSet(auth.authority);
  expect(await inForce()).toBe(1);
});

async function command(file: unknown, ...options: string[]) {
  const path = join(await mkdtemp(folder), 'rules.json');
  await writeFile(path, typeof file === 'string' ? file : JSON.stringify(file));
  return runScript('publish-policy.ts', { DATABASE_URL: auth.preparation.databaseUrl }, [path, ...options]);
}

test('the command publishes, and prints what changed', async () => {
  const curators = { ...rule, to: 'role:curator', action: ['change'] };
  await publish(ruleSet(2));
  const published = await command(ruleSet(3, [curators]), '--because', 'curators only');
  expect(published).toMatchObject({ code: 0, stderr: '' });
  expect(published.stdout.split('\n')).toEqual([
    'Version 3 is in force; 1 of its lines are as before.',
    '- {"to":"anyone","action":["read"],"subject":"product","conditions":{},"inverted":false}',
    '+ {"to":"role:curator","action":["change"],"subject":"product","conditions":{},"inverted":false}',
    '',
  ]);
  const { rows } = await auth.operator.query('SELECT because FROM policy_rule_sets WHERE version = 3');
  expect(rows).toEqual([{ because: 'curators only' }]);
  const json = await command(ruleSet(4, [curators]), '--because', 'again', '--json');
  expect(JSON.parse(json.stdout)).toEqual({ published: true, version: 4, added: [], removed: [], unchanged: 2 });
});

test('the command refuses what is not the next version, with exit code 1', async () => {
  expect(await command(ruleSet(5), '--because', 'x')).toMatchObject({
    code: 1,
    stdout: 'Version 1 is in force, so the next is 2, and this file says 5. Nothing was published.\n',
  });
  const json = await command(ruleSet(1), '--because', 'x', '--json');
  expect([json.code, JSON.parse(json.stdout)]).toEqual([
    1,
    { published: false, reason: 'not_next', version: 1, newest: 1 },
  ]);
  expect(await inForce()).toBe(1);
});

const refusals: readonly [unknown, readonly string[], RegExp][] = [
  [ruleSet(2, [{ ...rule, subject: 'ship' }]), ['--because', 'x'], /rules\[0\]\.subject is not one of/],
  ['rules!', ['--because', 'x'], /it is no JSON object/],
  [' '.repeat(140_000), ['--because', 'x'], /longer than any rule set/],
  [ruleSet(2), [], /Say --because/],
  [ruleSet(2), ['other.json', '--because', 'x'], /Name one file/],
  [ruleSet(2), ['--force'], /--force/],
];

test('the command refuses a bad file or option in one line, with exit code 2, before it writes anything', async () => {
  const outcomes = await Promise.all(refusals.map(([file, options]) => command(file, ...options)));
  for (const [index, { code, stdout, stderr }] of outcomes.entries()) {
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(refusals[index]?.[2] ?? /never/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  }
  expect(await inForce()).toBe(1);
}, 60_000);

test('the command can check a file without publishing it, and without a database', async () => {
  const path = fileURLToPath(new URL('../../policy/house-rules.json', import.meta.url));
  expect(await runScript('publish-policy.ts', { DATABASE_URL: '' }, [path, '--check'])).toMatchObject({ code: 0 });
  expect((await runScript('publish-policy.ts', {}, ['--help'])).stdout).toContain('--because');
  expect(await inForce()).toBe(1);
});
