import { followPolicy } from '@sallyport/auth';
import { openPolicyRules } from '@sallyport/auth/policy';
import { heldClock, testAuthority } from '@sallyport/auth/testing';
import { expect, onTestFinished, test } from 'vitest';
import { openNotes } from './open-notes.ts';

// One example for each failure that the authority in memory can stage; docs/testing.md shows them.

async function open(options?: Parameters<typeof openNotes>[0]) {
  const opened = await openNotes(options);
  onTestFinished(opened.close);
  return opened;
}

test('the authority is unreachable', async () => {
  const { authority, hear, token } = await open();
  authority.setReachable(false);
  expect(await hear('publish', await token())).toBe('temporarily_unavailable');
  expect(await hear('list', await token())).toBe('done');
});

test('the feed is silent', async () => {
  const { authority, clock, hear, lastEvidence, token } = await open();
  authority.holdFeed(true);
  await clock.advance(5000);
  expect(await hear('list', await token())).toBe('done');
  expect(lastEvidence()).toBe('degraded');
  await clock.advance(60_000);
  expect(await hear('list', await token())).toBe('temporarily_unavailable');
});

test('questions about the feed are not answered', async () => {
  const { authority, clock, hear, lastEvidence, token } = await open();
  authority.feedFaults.answer(false);
  await clock.advance(5000);
  authority.beat();
  expect(await hear('list', await token())).toBe('done');
  expect(lastEvidence()).toBe('degraded');
});

test('the feed stands still, or comes late', async () => {
  const { authority, clock, hear, token } = await open();
  const before = await token();
  authority.feedFaults.freeze(true);
  authority.revoke({ kind: 'session', session: '7.ada' });
  expect(await hear('list', before)).toBe('done');
  authority.feedFaults.freeze(false);
  await clock.advance(1000);
  expect(await hear('list', before)).toBe('invalid_token');
});

test('a message of the feed is lost, repeated, or out of order', async () => {
  const { authority, clock, hear, token } = await open();
  authority.feedFaults.stage('lost', 'twice', 'swapped');
  for (const session of ['7.ada', '8.ada', '9.ada']) authority.revoke({ kind: 'session', session });
  await clock.advance(3000);
  for (const session of ['7.ada', '8.ada', '9.ada'])
    expect(await hear('list', await token({ session }))).toBe('invalid_token');
  expect(await hear('list', await token({ session: '10.ada' }))).toBe('done');
});

test('the connection is cut', async () => {
  const { authority, clock, hear, token } = await open();
  authority.feedFaults.cut();
  authority.revoke({ kind: 'session', session: '7.ada' });
  await clock.advance(3000);
  expect(await hear('list', await token())).toBe('invalid_token');
});

test('the authority comes back from an older state', async () => {
  const { authority, clock, hear, token } = await open();
  authority.revoke({ kind: 'session', session: '7.ada' });
  authority.feedFaults.restart(0);
  await clock.advance(3000);
  expect(await hear('list', await token())).toBe('invalid_token');
  expect(await hear('list', await token({ session: '8.ada' }))).toBe('done');
});

test('a revocation has not arrived yet', async () => {
  const { authority, hear, token } = await open();
  const before = await token();
  authority.holdFeed(true);
  authority.revoke({ kind: 'session', session: '7.ada' });
  expect(await hear('list', before)).toBe('done');
  expect(await hear('publish', before)).toBe('invalid_token');
  expect(await hear('list', before)).toBe('invalid_token');
});

test('a session is revoked', async () => {
  const { authority, hear, lastOutcome, token } = await open();
  authority.revoke({ kind: 'session', session: '7.ada' });
  expect(await hear('list', await token())).toBe('invalid_token');
  expect(lastOutcome()).toBe('revoked');
  expect(await hear('list', await token({ session: '8.ada' }))).toBe('done');
});

test('one token is revoked', async () => {
  const { authority, hear, token } = await open();
  authority.revoke({ kind: 'token', tokenId: 'stolen' });
  expect(await hear('list', await token({ claims: { jti: 'stolen' } }))).toBe('invalid_token');
  expect(await hear('list', await token())).toBe('done');
});

test('all sessions of a user are revoked, up to a serial', async () => {
  const { authority, hear, token } = await open();
  authority.revoke({ kind: 'subject', subject: 'ada', upToSerial: 7 });
  expect(await hear('list', await token({ session: '7.ada' }))).toBe('invalid_token');
  expect(await hear('list', await token({ session: '8.ada' }))).toBe('done');
});

test('a client, or everyone, is revoked, up to a serial', async () => {
  const { authority, hear, token } = await open();
  authority.revoke({ kind: 'client', client: 'web', upToSerial: 7 });
  expect(await hear('list', await token())).toBe('invalid_token');
  expect(await hear('list', await token({ client: 'mobile' }))).toBe('done');
  authority.revoke({ kind: 'everyone', upToSerial: 7 });
  expect(await hear('list', await token({ client: 'mobile' }))).toBe('invalid_token');
});

test('a key is denied', async () => {
  const { authority, hear, token } = await open();
  const before = await token();
  await authority.rotateKey('key-2');
  authority.revoke({ kind: 'key', keyId: 'key-1' });
  expect(await hear('list', before)).toBe('invalid_token');
  expect(await hear('list', await token())).toBe('done');
});

test('the signing key is rotated', async () => {
  const { authority, hear, token } = await open();
  const before = await token();
  await authority.rotateKey('key-2');
  expect(await hear('list', before)).toBe('done');
  expect(await hear('list', await token())).toBe('done');
});

test('a key is withdrawn', async () => {
  const { authority, hear, lastOutcome, token } = await open();
  const before = await token();
  expect(await hear('list', before)).toBe('done');
  await authority.rotateKey('key-2');
  await authority.withdrawKey('key-1');
  expect(await hear('list', before)).toBe('invalid_token');
  expect(lastOutcome()).toBe('token_key_unknown');
});

test('a stranger signs', async () => {
  const { authority, hear, lastOutcome } = await open();
  expect(await hear('list', await authority.foreignToken({ audience: 'notes', scope: 'notes:read' }))).toBe(
    'invalid_token',
  );
  expect(lastOutcome()).toBe('token_signature');
});

test('another issuer signs', async () => {
  const { hear, lastOutcome } = await open();
  const elsewhere = await testAuthority(heldClock(), 'http://elsewhere.test');
  expect(await hear('list', await elsewhere.userToken({ audience: 'notes', scope: 'notes:read' }))).toBe(
    'invalid_token',
  );
  expect(lastOutcome()).toBe('token_signature');
});

test('clocks differ', async () => {
  const { hear, lastOutcome, token } = await open({ skewSeconds: -11 });
  expect(await hear('list', await token())).toBe('invalid_token');
  expect(lastOutcome()).toBe('token_from_the_future');
});

test('a token has expired', async () => {
  const { clock, hear, lastOutcome, token } = await open();
  const before = await token();
  await clock.advance(300_000);
  expect(await hear('list', before)).toBe('invalid_token');
  expect(lastOutcome()).toBe('token_expired');
});

test('a token is for another service', async () => {
  const { hear, lastOutcome, token } = await open();
  expect(await hear('list', await token({ audience: 'payments' }))).toBe('invalid_token');
  expect(lastOutcome()).toBe('token_audience');
});

test('a token lacks the scope', async () => {
  const { hear, token } = await open();
  expect(await hear('list', await token({ scope: 'notes:write' }))).toBe('insufficient_scope');
});

test('a token lacks a claim, or has one too many', async () => {
  const { authority, hear, token } = await open();
  expect(await hear('list', await token({ claims: { jti: undefined } }))).toBe('invalid_token');
  expect(await hear('list', await token({ header: { jku: 'https://keys.example' } }))).toBe('invalid_token');
  expect(await hear('list', await authority.tokenOfText('{"iss":"a","iss":"b"}'))).toBe('invalid_token');
});

test('the second factor is missing', async () => {
  const { hear, lastOutcome, token } = await open();
  expect(await hear('removeAll', await token())).toBe('insufficient_user_authentication');
  expect(lastOutcome()).toBe('second_factor_missing');
});

test('the second factor is too old', async () => {
  const { authority, clock, hear, lastOutcome, token } = await open();
  authority.secondFactor('7.ada');
  expect(await hear('removeAll', await token({ acr: 'aal2' }))).toBe('done');
  await clock.advance(301_000);
  expect(await hear('removeAll', await token({ acr: 'aal2' }))).toBe('insufficient_user_authentication');
  expect(lastOutcome()).toBe('second_factor_too_old');
});

test('a service calls where a person is asked for', async () => {
  const { authority, hear } = await open();
  const asService = await authority.serviceToken({ client: 'billing', audience: 'notes', scope: 'notes:read' });
  expect(await hear('list', asService)).toBe('access_denied');
});

test('a revocation gets lost on its way', async () => {
  const { authority, hear, lastEvidence, token } = await open();
  const ada = await token();
  authority.revokeUntold({ kind: 'session', session: '7.ada' });
  expect(await hear('list', ada)).toBe('done');
  expect(lastEvidence()).toBe('local');
  expect(await hear('publish', ada)).toBe('invalid_token');
  expect(await hear('list', ada)).toBe('invalid_token');
});

test('a role is missing, or was taken', async () => {
  const { authority, hear, lastOutcome, token } = await open();
  expect(await hear('total', await token())).toBe('access_denied');
  expect(lastOutcome()).toBe('role_missing');
  authority.setRoles('ada', ['support']);
  expect(await hear('total', await token())).toBe('done');
  authority.setRoles('ada', []);
  authority.revoke({ kind: 'session', session: '7.ada' });
  expect(await hear('total', await token())).toBe('invalid_token');
});

test('the rules cannot be read', async () => {
  const { authority, clock } = await open();
  const alarms: string[] = [];
  const kinds = { note: { owner: 'string' } } as const;
  authority.publishRuleSet({ version: 1, rules: [{ to: 'everybody' }] });
  const policy = followPolicy({
    load: authority.loadRuleSet,
    open: (ruleSet) => openPolicyRules(ruleSet, kinds),
    onAlarm: (isOn, error) => alarms.push(isOn ? String(error) : 'over'),
    clock,
  });
  onTestFinished(policy.close);
  await expect.poll(() => alarms).toEqual([expect.stringContaining('RuleSetError')]);
  expect(policy.current()).toBeUndefined();

  const rule = { to: 'user', action: 'read', subject: 'note', conditions: { owner: '${user}' } };
  const good = { version: 2, kinds, rules: [rule] };
  authority.publishRuleSet(good);
  policy.announced(2);
  await expect.poll(() => policy.version()).toBe(2);
  expect(alarms.at(-1)).toBe('over');
});

test('a token of another kind is brought', async () => {
  const { authority, hear, lastOutcome } = await open();
  const carried = await authority.transactionToken({ scope: 'notes:read', service: 'billing' });
  expect(await hear('list', carried)).toBe('invalid_token');
  expect(lastOutcome()).toBe('token_type');
});
