import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TokenSet } from '../sign-in/token-set.ts';
import { claimsOf } from '../testing/expected.ts';
import { grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';

let auth: RunningAuthority;
const signIn = () => auth.as().signIn.mutate(grace);
const accessToken = (set: TokenSet, audience: string) => set.accessTokens[audience]?.token ?? '';
beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());

test('revoking a refresh token, current or spent and whatever the hint, ends its session and every access token of it (REV-02, REV-04)', async () => {
  for (const hint of [{}, { token_type_hint: 'access_token' }, { token_type_hint: 'nonsense' }]) {
    const current = await signIn();
    expect((await auth.post('/oauth/revoke', { client_id: 'web', token: current.refreshToken, ...hint })).status).toBe(
      200,
    );
    for (const audience of ['payments', 'catalog'] as const) expect(await isActive(current, audience)).toBe(false);
  }
  const before = await signIn();
  const after = await auth.as().refresh.mutate({ refreshToken: before.refreshToken });
  await auth.post('/oauth/revoke', { client_id: 'web', token: before.refreshToken });
  expect(await isActive(after)).toBe(false);
});

test('revoking an access token ends that one alone, at once, and stands in the feed once (REV-03)', async () => {
  const set = await signIn();
  const token = accessToken(set, 'payments');
  for (let time = 0; time < 2; time += 1)
    expect((await auth.post('/oauth/revoke', { client_id: 'web', token })).status).toBe(200);
  expect(await isActive(set)).toBe(false);
  expect(await isActive(set, 'catalog')).toBe(true);
  const { rowCount } = await auth.operator.query(`SELECT FROM revocations WHERE kind = 'token' AND name = $1`, [
    claimsOf(token)['jti'],
  ]);
  expect(rowCount).toBe(1);
});

test('an unknown token is answered as if it had been revoked; another client’s is refused and stays (REV-01, REV-05)', async () => {
  for (const token of ['unknown', 'A'.repeat(43), 'a.b.c']) {
    expect((await auth.post('/oauth/revoke', { client_id: 'web', token })).status).toBe(200);
  }
  const set = await signIn();
  for (const token of [set.refreshToken, accessToken(set, 'payments')]) {
    const { status, json } = await auth.postAs('payments', '/oauth/revoke', { token });
    expect({ status, error: json['error'] }).toEqual({ status: 400, error: 'invalid_grant' });
  }
  expect(await isActive(set)).toBe(true);
  expect((await auth.post('/oauth/revoke', { client_id: 'payments', token: set.refreshToken })).status).toBe(401);
});

async function isActive(set: TokenSet, audience: 'payments' | 'catalog' = 'payments'): Promise<boolean> {
  const { json } = await auth.postAs(audience, '/oauth/introspect', { token: accessToken(set, audience) });
  return json['active'] === true;
}

test('a revocation whose commit is lost is not answered with 200, and is done when it is asked for again (REV-06)', async () => {
  const set = await signIn();
  const revoke = () => auth.post('/oauth/revoke', { client_id: 'web', token: set.refreshToken });
  // The connection dies at the very last moment: everything is written, nothing is committed.
  await auth.operator.query(`
    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
      $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON revocations
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()`);
  expect((await revoke()).status).toBe(503);
  expect(await isActive(set)).toBe(true);
  await auth.operator.query('DROP TRIGGER dies ON revocations; DROP FUNCTION die()');
  expect((await revoke()).status).toBe(200);
  expect(await isActive(set)).toBe(false);
  // And 200 is said when the disk has it.
  const { rows } = await auth.authority.database.$client.query('SHOW synchronous_commit');
  expect(rows).toEqual([{ synchronous_commit: 'on' }]);
});
