import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openAuthority } from '../open-authority.ts';
import { refusalOf } from '../testing/callers.ts';
import { authenticatorOf, newPerson, personWithPasskey } from '../testing/passkeys.ts';
import { ada, adaSeed, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { missingForFullSignIn } from './recent-sign-in.ts';
import { stepUp } from './step-up.ts';

let auth: RunningAuthority;

beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());
beforeEach(() => void auth.advance(61));

type Account = ReturnType<RunningAuthority['as']>;

/** Everything that decides who can sign in tomorrow. What enrols or removes something new belongs here. */
const changes: Readonly<Record<string, (account: Account) => Promise<unknown>>> = {
  'enrolling an authenticator app': (account) => account.totp.begin.mutate(),
  'confirming an authenticator app': (account) => account.totp.confirm.mutate({ code: '123456' }),
  'beginning a passkey': (account) => account.passkeys.beginRegistration.mutate(),
  'registering a passkey': (account) => {
    const answer = authenticatorOf('u_x').create({ challenge: 'A'.repeat(43) });
    return account.passkeys.finishRegistration.mutate({ answer, label: 'x' });
  },
  'removing a factor': (account) => account.factors.remove.mutate({ kind: 'totp' }),
  'drawing recovery codes': (account) => account.factors.renewRecoveryCodes.mutate(),
};

const tooOld = { status: 403, reason: 'sign_in_too_old' };
const demanded = { status: 401, reason: 'insufficient_user_authentication' };

test.each(Object.entries(changes))(
  '%s takes a full sign-in of the last ten minutes (BYP-01)',
  async (_what, change) => {
    // Half of a sign-in: somebody has the password of an account with two factors.
    const half = await auth.as().signIn.mutate(ada);
    const account = (tokens: typeof half) => auth.as(tokens.accessTokens['auth']?.token);
    expect(await refusalOf(change(account(half)))).toMatchObject(demanded);
    // A whole one that has grown old, kept alive by refreshing.
    const whole = await auth.as().stepUp.mutate({ refreshToken: half.refreshToken, code: auth.codeOf(adaSeed) });
    auth.advance(10 * 60 + 1);
    const kept = await auth.as().refresh.mutate({ refreshToken: whole.refreshToken });
    expect(await refusalOf(change(account(kept)))).toMatchObject(tooOld);
    // A new second factor does not make the password new.
    const raised = await auth.as().stepUp.mutate({ refreshToken: kept.refreshToken, code: auth.codeOf(adaSeed) });
    expect(await refusalOf(change(account(raised)))).toMatchObject(tooOld);
  },
);

test('each factor of a session has to be recent, and only an account with two factors needs two', () => {
  const at = new Date('2026-11-21T12:00:00Z');
  const ago = (seconds: number) => new Date(at.getTime() - seconds * 1000);
  const epoch = (moment: Date) => moment.getTime() / 1000;
  const session = (pwd: number, otp?: number) => ({
    startedAt: ago(pwd),
    secondFactorAt: otp === undefined ? null : ago(otp),
    factorTimes: { pwd: epoch(ago(pwd)), ...(otp !== undefined && { otp: epoch(ago(otp)) }) },
  });
  const missing = (enrolled: boolean, signed: Parameters<typeof missingForFullSignIn>[0]) =>
    missingForFullSignIn(signed, { enrolled, at });
  expect(missing(false, session(600))).toBeUndefined();
  expect(missing(false, session(601))).toBe('sign-in');
  expect(missing(true, session(600))).toBe('second factor');
  expect(missing(true, session(600, 600))).toBeUndefined();
  expect(missing(true, session(601, 10))).toBe('sign-in');
  // Another provider asked long ago, and sent them here just now.
  expect(missing(false, { ...session(0), factorTimes: { pwd: epoch(ago(9000)) } })).toBe('sign-in');
});

test('removing a factor ends every session of the account, and the last one takes the recovery codes along', async () => {
  const person = await personWithPasskey(auth);
  const { authenticator, account } = person;
  const elsewhere = await person.signIn();
  const passkey = authenticator.get(await account.passkeys.beginStepUp.mutate());
  const raised = await auth.as().stepUp.mutate({ refreshToken: person.tokens.refreshToken, passkey });
  const own = auth.as(raised.accessTokens['auth']?.token);
  const { codes } = await own.factors.renewRecoveryCodes.mutate();
  expect(await own.factors.list.query()).toMatchObject({ passkeys: [{ label: 'my phone' }], recoveryCodesLeft: 10 });
  expect(await refusalOf(own.factors.remove.mutate({ kind: 'passkey', id: 'AAAA' }))).toMatchObject({ status: 404 });
  expect(await refusalOf(own.factors.remove.mutate({ kind: 'totp' }))).toMatchObject({ status: 404 });

  await own.factors.remove.mutate({ kind: 'passkey', id: authenticator.id });
  for (const { refreshToken } of [raised, elsewhere])
    expect(await refusalOf(auth.as().refresh.mutate({ refreshToken }))).toMatchObject({ reason: 'invalid_token' });
  const answer = authenticator.get(await auth.as().beginPasskeySignIn.mutate({}));
  expect(await refusalOf(auth.as().signInByPasskey.mutate({ answer }))).toMatchObject({ reason: 'invalid_passkey' });
  const { refreshToken } = await person.signIn();
  const late = auth.as().stepUp.mutate({ refreshToken, recoveryCode: codes[0] ?? '' });
  expect(await refusalOf(late)).toMatchObject({ reason: 'unmet_authentication_requirements' });
});

test("nobody removes somebody else's passkey", async () => {
  const owner = await personWithPasskey(auth);
  const { tokens } = await newPerson(auth);
  const account = auth.as(tokens.accessTokens['auth']?.token);
  const id = owner.authenticator.id;
  expect(await refusalOf(account.factors.remove.mutate({ kind: 'passkey', id }))).toMatchObject({ status: 404 });
  expect((await owner.account.factors.list.query()).passkeys).toHaveLength(1);
});

test('recovery codes are drawn for accounts with a second factor only', async () => {
  const { tokens } = await newPerson(auth);
  const drawn = auth.as(tokens.accessTokens['auth']?.token).factors.renewRecoveryCodes.mutate();
  expect(await refusalOf(drawn)).toMatchObject({ status: 409, reason: 'no_second_factor' });
});

test('every way to a session of somebody with two factors has one until the second is shown (BYP-01)', async () => {
  const { refreshToken } = await auth.as().signIn.mutate(ada);
  const refreshed = await auth.as().refresh.mutate({ refreshToken });
  const overOAuth = await auth.post('/oauth/token', {
    grant_type: 'refresh_token',
    client_id: 'web',
    resource: 'payments',
    refresh_token: refreshed.refreshToken,
  });
  expect(overOAuth.status).toBe(200);
  const { rows } = await auth.operator.query('SELECT acr, second_factor_at FROM sessions WHERE sid = $1', [
    refreshed.session.id,
  ]);
  expect(rows).toEqual([{ acr: 'aal1', second_factor_at: null }]);
});

test('a code is spent for every instance, and for those that start later (OTP-01)', async () => {
  const { databaseUrl, keyEncryptionKey } = auth.preparation;
  const { issuer, log } = auth.authority;
  const another = await openAuthority({ issuer, databaseUrl, keyEncryptionKey, log, now: auth.now });
  const code = auth.codeOf(adaSeed);
  const sessions = await Promise.all(Array.from({ length: 8 }, () => auth.as().signIn.mutate(ada)));
  const outcomes = await Promise.all(
    sessions.map(({ refreshToken }, index) =>
      stepUp(index % 2 === 0 ? auth.authority : another.authority, { refreshToken, shown: { code } }),
    ),
  );
  expect(outcomes.filter(({ outcome }) => outcome === 'stepped up')).toHaveLength(1);
  await another.close();
  await auth.operator.query('UPDATE totp_factors SET attempts = 0, locked_until = NULL');
  const restarted = await openAuthority({ issuer, databaseUrl, keyEncryptionKey, log, now: auth.now });
  const { refreshToken } = await auth.as().signIn.mutate(ada);
  expect(await stepUp(restarted.authority, { refreshToken, shown: { code } })).toEqual({ outcome: 'wrong' });
  await restarted.close();
});
