import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { refusalOf } from '../testing/callers.ts';
import { claimsOf, someNumber } from '../testing/expected.ts';
import { newPerson, personWithPasskey } from '../testing/passkeys.ts';
import { ada, adaSeed, adaSubject, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { deviceOf } from './suspicion.ts';

let auth: RunningAuthority;

const lisbon = '198.51.100.1';
const alsoLisbon = '198.51.100.2';
const sydney = '203.0.113.9';
const laptop = 'Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0';
const phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1) Safari/620.1';

beforeAll(async () => {
  const places = (network: string) =>
    network === sydney
      ? { latitude: -33.87, longitude: 151.21, name: 'Sydney, AU' }
      : { latitude: 38.72, longitude: -9.14, name: 'Lisbon, PT' };
  auth = await runAuthority({ trustedProxies: ['127.0.0.1'], places });
});
afterAll(() => auth.close());
beforeEach(async () => {
  // A fresh time step, and Ada is known on her laptop in Lisbon alone.
  auth.advance(61);
  await auth.operator.query(`UPDATE sessions SET risk_level = 'high' WHERE subject = $1`, [adaSubject]);
  await auth.operator.query('UPDATE totp_factors SET attempts = 0, locked_until = NULL');
  await from(laptop, lisbon).signIn.mutate(ada);
});

const from = (device: string, network: string, token?: string) =>
  auth.as(token, { 'user-agent': device, 'x-forwarded-for': network });
type Tokens = Awaited<ReturnType<ReturnType<typeof from>['signIn']['mutate']>>;
const account = ({ accessTokens }: Tokens) => auth.as(accessTokens['auth']?.token);

async function riskOf({ session }: Tokens) {
  const { rows } = await auth.operator.query('SELECT risk_level, risk_signals FROM sessions WHERE sid = $1', [
    session.id,
  ]);
  return rows[0];
}

function ask({ session, accessTokens }: Tokens) {
  const tokenId = String(claimsOf(accessTokens['payments']?.token)['jti']);
  return auth.authority.introspect([{ tokenId, session: session.id, subject: session.subject, client: 'web' }]);
}

const stepUp = (device: string, network: string, { refreshToken }: Tokens) =>
  from(device, network).stepUp.mutate({ refreshToken, code: auth.codeOf(adaSeed) });

test('a familiar device in a familiar network is asked for nothing more, whatever its version', async () => {
  const again = await from(laptop.replace('145', '146'), lisbon).signIn.mutate(ada);
  expect(await riskOf(again)).toEqual({ risk_level: 'low', risk_signals: [] });
  expect((await ask(again))[0]).not.toHaveProperty('secondFactorWithinSeconds');
  expect(await account(again).sessions.endOthers.mutate()).toMatchObject({ ended: someNumber });
  expect(deviceOf({ network: lisbon, userAgent: laptop })).not.toBe(deviceOf({ network: lisbon, userAgent: phone }));
});

test('the first session of all has nothing to be compared with', async () => {
  const { tokens } = await newPerson(auth);
  expect(await riskOf(tokens)).toEqual({ risk_level: 'low', risk_signals: [] });
});

test.each([
  [phone, lisbon, 'raised', ['new device'], 900],
  [laptop, alsoLisbon, 'raised', ['new network'], 900],
  [phone, alsoLisbon, 'high', ['new device', 'new network'], 60],
] as const)(
  '%s from %s is asked for a second factor where others are not',
  async (device, network, level, signals, within) => {
    const tokens = await from(device, network).signIn.mutate(ada);
    expect(await riskOf(tokens)).toEqual({ risk_level: level, risk_signals: [...signals] });
    expect(await ask(tokens)).toMatchObject([{ active: true, secondFactorWithinSeconds: within }]);
    // Reads go on. What needs the fresh gate needs a second factor now.
    expect(await account(tokens).sessions.list.query()).not.toHaveLength(0);
    const demanded = { status: 401, reason: 'insufficient_user_authentication' };
    expect(await refusalOf(account(tokens).sessions.endOthers.mutate())).toMatchObject(demanded);

    // Shown once, and this device and network are known.
    const raised = await stepUp(device, network, tokens);
    expect(await riskOf(raised)).toEqual({ risk_level: 'low', risk_signals: [] });
    await account(raised).sessions.endOthers.mutate();
    auth.advance(61);
    const next = await from(device, network).signIn.mutate(ada);
    expect(await riskOf(next)).toEqual({ risk_level: 'low', risk_signals: [] });
  },
);

test('somebody who is in Lisbon and an hour later in Sydney is asked again each minute, until the session ends', async () => {
  auth.advance(60 * 60);
  const tokens = await from(laptop, sydney).signIn.mutate(ada);
  expect(await riskOf(tokens)).toEqual({ risk_level: 'high', risk_signals: ['impossible move', 'new network'] });
  const raised = await stepUp(laptop, sydney, tokens);
  expect(await riskOf(raised)).toEqual({ risk_level: 'high', risk_signals: ['impossible move'] });
  expect(await refusalOf(account(raised).totp.begin.mutate())).toMatchObject({ reason: 'already_enrolled' });
  auth.advance(61);
  expect(await refusalOf(account(raised).sessions.endOthers.mutate())).toMatchObject({
    reason: 'insufficient_user_authentication',
  });
});

test('a day later the same journey is a flight', async () => {
  auth.advance(23 * 60 * 60);
  const tokens = await from(laptop, sydney).signIn.mutate(ada);
  expect(await riskOf(tokens)).toEqual({ risk_level: 'raised', risk_signals: ['new network'] });
});

test('a refresh token that turns up on another device makes its session suspicious for good, at once', async () => {
  const tokens = await from(laptop, lisbon).signIn.mutate(ada);
  const { refreshToken } = await stepUp(laptop, lisbon, tokens);
  const moved = await from(phone, lisbon).refresh.mutate({ refreshToken });
  expect(await riskOf(moved)).toEqual({ risk_level: 'high', risk_signals: ['device changed'] });
  // Its second factor is some milliseconds old, and counts for a minute only.
  expect(await ask(moved)).toMatchObject([{ secondFactorWithinSeconds: 60 }]);
  const back = await from(laptop, lisbon).refresh.mutate({ refreshToken: moved.refreshToken });
  expect(await riskOf(back)).toMatchObject({ risk_level: 'high' });
  const log = await auth.operator.query(`SELECT entry::text AS entry FROM audit_log ORDER BY position DESC LIMIT 20`);
  expect(log.rows.map(({ entry }: { entry: string }) => entry).join('\n')).toContain('session.suspected');
});

test('a session that moves from network to network, and from continent to continent, is judged by its last use', async () => {
  let tokens = await from(laptop, lisbon).signIn.mutate(ada);
  const refresh = async (network: string) => {
    tokens = await from(laptop, network).refresh.mutate({ refreshToken: tokens.refreshToken });
    return riskOf(tokens);
  };
  expect(await refresh(lisbon)).toMatchObject({ risk_level: 'low' });
  expect(await refresh(alsoLisbon)).toMatchObject({ risk_signals: ['new network'] });
  auth.advance(20 * 60);
  await refresh(lisbon);
  auth.advance(20 * 60);
  expect(await refresh(sydney)).toMatchObject({ risk_level: 'high', risk_signals: ['impossible move', 'new network'] });
});

test('a stolen refresh token and a phished code do not make the thief known', async () => {
  const tokens = await from(laptop, lisbon).signIn.mutate(ada);
  const raised = await stepUp(phone, lisbon, tokens);
  expect(await riskOf(raised)).toEqual({ risk_level: 'high', risk_signals: ['device changed'] });
});

test('somebody without a second factor is asked for none, and sees what looks wrong', async () => {
  const { signIn, credentials } = await newPerson(auth);
  await signIn();
  const tokens = await from(phone, sydney).signIn.mutate(credentials);
  expect(await riskOf(tokens)).toMatchObject({ risk_level: 'high' });
  expect((await ask(tokens))[0]).not.toHaveProperty('secondFactorWithinSeconds');
  const list = await account(tokens).sessions.list.query();
  expect(list[0]).toMatchObject({
    current: true,
    userAgent: phone,
    network: sydney,
    place: 'Sydney, AU',
    risk: { level: 'high' },
    factorTimes: { pwd: tokens.session.authTime },
  });
});

test('a suspicious session can step up by passkey, and a sign-in by passkey settles what a passkey can', async () => {
  const person = await personWithPasskey(auth);
  const tokens = await from(phone, alsoLisbon).signIn.mutate(person.credentials);
  expect(await refusalOf(account(tokens).sessions.endOthers.mutate())).toMatchObject({ status: 401 });
  const passkey = person.authenticator.get(await account(tokens).passkeys.beginStepUp.mutate());
  const raised = await from(phone, alsoLisbon).stepUp.mutate({ refreshToken: tokens.refreshToken, passkey });
  await account(raised).sessions.endOthers.mutate();

  const answer = person.authenticator.get(await auth.as().beginPasskeySignIn.mutate({}));
  const signedIn = await from('another browser', '192.0.2.77').signInByPasskey.mutate({ answer });
  expect(await riskOf(signedIn)).toEqual({ risk_level: 'low', risk_signals: [] });
});
