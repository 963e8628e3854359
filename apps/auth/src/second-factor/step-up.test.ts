import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startSession } from '../sign-in/sessions.ts';
import { refusalOf } from '../testing/callers.ts';
import { claimsOf } from '../testing/expected.ts';
import { ada, adaSeed, adaSubject, grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { adaByPassword } from '../testing/sign-ins.ts';
import { confirmedFactor } from './second-factor.ts';
import { stepUp } from './step-up.ts';
import { spendCode, takeAttempt } from './totp-attempts.ts';
import { seedFromBase32, stepOfCode } from './totp.ts';

let auth: RunningAuthority;

beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());
beforeEach(async () => {
  // A fresh time step, and nobody locked.
  auth.advance(61);
  await auth.operator.query('UPDATE totp_factors SET attempts = 0, locked_until = NULL');
});

const codeNow = (): string => auth.codeOf(adaSeed);
const wrongCode = (): string => String((Number(codeNow()) + 1) % 1_000_000).padStart(6, '0');
const signIn = () => auth.as().signIn.mutate(ada);

test('a right code raises the session to two factors, and moves its times (ATP-03, SUP-04)', async () => {
  const before = await signIn();
  expect(before.session).toMatchObject({ acr: 'aal1' });
  expect(before.session).not.toHaveProperty('secondFactorAt');
  auth.advance(40);
  const after = await auth.as().stepUp.mutate({ refreshToken: before.refreshToken, code: codeNow() });
  const { secondFactorAt, authTime, acr } = after.session;
  expect(acr).toBe('aal2');
  expect(authTime).toBe(secondFactorAt);
  expect(authTime - before.session.authTime).toBeGreaterThanOrEqual(40);
  // The refresh token was rotated, and refreshing renews no factor.
  let { refreshToken } = after;
  for (let round = 0; round < 3; round += 1) {
    auth.advance(20);
    const refreshed = await auth.as().refresh.mutate({ refreshToken });
    expect(refreshed.session).toEqual(after.session);
    expect(claimsOf(refreshed.accessTokens['payments']?.token)).toMatchObject({ auth_time: authTime, acr: 'aal2' });
    ({ refreshToken } = refreshed);
  }
  const { rows } = await auth.operator.query('SELECT factor_times, amr FROM sessions WHERE sid = $1', [
    after.session.id,
  ]);
  expect(rows).toEqual([
    { factor_times: { pwd: before.session.authTime, otp: secondFactorAt }, amr: ['pwd', 'otp', 'mfa'] },
  ]);
});

test('the refresh token that a step-up replaced is spent', async () => {
  const { refreshToken } = await signIn();
  const after = await auth.as().stepUp.mutate({ refreshToken, code: codeNow() });
  auth.advance(11);
  expect(await refusalOf(auth.as().refresh.mutate({ refreshToken }))).toMatchObject({ reason: 'invalid_token' });
  expect(await refusalOf(auth.as().refresh.mutate({ refreshToken: after.refreshToken }))).toMatchObject({
    reason: 'invalid_token',
  });
});

test('a wrong code spends neither the refresh token nor the session', async () => {
  const { refreshToken } = await signIn();
  const refused = await refusalOf(auth.as().stepUp.mutate({ refreshToken, code: wrongCode() }));
  expect(refused).toMatchObject({ status: 400, reason: 'invalid_code' });
  const after = await auth.as().stepUp.mutate({ refreshToken, code: codeNow() });
  expect(after.session.acr).toBe('aal2');
});

test('of 64 parallel submissions of one code, from 64 sessions, one is accepted (OTP-01)', async () => {
  const factor = await confirmedFactor(auth.authority, adaSubject);
  if (factor === undefined) throw new Error('ada has a factor');
  const step = stepOfCode(adaSeed, codeNow(), auth.now());
  const direct = await Promise.all(
    Array.from({ length: 64 }, () =>
      spendCode(auth.authority.database, factor, { step: step ?? 0, session: { serial: 0, triedCodes: 0 } }),
    ),
  );
  expect(direct.filter(Boolean)).toHaveLength(1);

  auth.advance(30);
  const started = await Promise.all(Array.from({ length: 64 }, () => startSession(auth.authority, adaByPassword)));
  const code = codeNow();
  const outcomes = await Promise.all(
    started.map(({ refreshToken }) => stepUp(auth.authority, { refreshToken: refreshToken.text, shown: { code } })),
  );
  expect(outcomes.filter(({ outcome }) => outcome === 'stepped up')).toHaveLength(1);
}, 30_000);

test('a code that was accepted is not accepted again, nor is an older one (OTP-01)', async () => {
  const { refreshToken } = await signIn();
  const older = auth.codeOf(adaSeed, -1);
  const code = codeNow();
  const first = await auth.as().stepUp.mutate({ refreshToken, code });
  for (const used of [code, older]) {
    const again = auth.as().stepUp.mutate({ refreshToken: first.refreshToken, code: used });
    expect(await refusalOf(again)).toMatchObject({ reason: 'invalid_code' });
  }
});

test('five wrong codes in a row lock the account for five minutes, whichever sessions they come from (OTP-05)', async () => {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const { refreshToken } = await signIn();
    expect(await refusalOf(auth.as().stepUp.mutate({ refreshToken, code: wrongCode() }))).toMatchObject({
      reason: 'invalid_code',
    });
  }
  const { refreshToken } = await signIn();
  const locked = { status: 429, reason: 'too_many_attempts' };
  expect(await refusalOf(auth.as().stepUp.mutate({ refreshToken, code: codeNow() }))).toMatchObject(locked);
  auth.advance(4 * 60 + 55);
  expect(await refusalOf(auth.as().stepUp.mutate({ refreshToken, code: codeNow() }))).toMatchObject(locked);
  auth.advance(10);
  expect((await auth.as().stepUp.mutate({ refreshToken, code: codeNow() })).session.acr).toBe('aal2');
});

test('guesses that are sent all at once get no more than five attempts (OTP-05)', async () => {
  const taken = await Promise.all(
    Array.from({ length: 40 }, () => takeAttempt(auth.authority, { subject: adaSubject, serial: 0 })),
  );
  expect(taken.filter((attempt) => attempt === 'taken')).toHaveLength(5);
});

test('a right code ends the count of wrong ones', async () => {
  let { refreshToken } = await signIn();
  for (let round = 0; round < 2; round += 1) {
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const wrong = await refusalOf(auth.as().stepUp.mutate({ refreshToken, code: wrongCode() }));
      expect(wrong.reason).toBe('invalid_code');
    }
    ({ refreshToken } = await auth.as().stepUp.mutate({ refreshToken, code: codeNow() }));
    auth.advance(30);
  }
});

test('a class that this house cannot reach is an error before any code is looked at (SUP-03)', async () => {
  const { refreshToken } = await signIn();
  const asked = { refreshToken, code: codeNow(), acrValues: ['aal3', 'phr'] };
  expect(await refusalOf(auth.as().stepUp.mutate(asked))).toMatchObject({
    status: 400,
    reason: 'unmet_authentication_requirements',
  });
  const after = await auth.as().stepUp.mutate({ ...asked, acrValues: ['aal3', 'aal2'] });
  expect(after.session.acr).toBe('aal2');
});

test('an account without a second factor is told so, and its session stays as it is (SUP-03)', async () => {
  const { refreshToken } = await auth.as().signIn.mutate(grace);
  const refused = await refusalOf(auth.as().stepUp.mutate({ refreshToken, code: '123456' }));
  expect(refused).toMatchObject({ status: 400, reason: 'unmet_authentication_requirements' });
  expect((await auth.as().refresh.mutate({ refreshToken })).session.acr).toBe('aal1');
});

test('a step-up with an unknown or spent refresh token is refused in the same words, and costs no attempt', async () => {
  const { refreshToken } = await signIn();
  await auth.as().refresh.mutate({ refreshToken });
  const spent = await refusalOf(auth.as().stepUp.mutate({ refreshToken, code: wrongCode() }));
  expect(spent).toMatchObject({ status: 401, reason: 'invalid_token' });
  expect(await refusalOf(auth.as().stepUp.mutate({ refreshToken: 'B'.repeat(43), code: wrongCode() }))).toEqual(spent);
  const { rows } = await auth.operator.query('SELECT attempts FROM totp_factors WHERE subject = $1', [adaSubject]);
  expect(rows).toEqual([{ attempts: 0 }]);
});

test('somebody enrols, confirms once, and steps up with the next code; no seed stands in the database (OTP-04)', async () => {
  const person = { email: 'lin@sallyport.example', password: 'one more long password' };
  await auth.as().signUp.mutate(person);
  const tokens = await auth.as().signIn.mutate(person);
  const account = auth.as(tokens.accessTokens['auth']?.token);
  const replaced = await account.totp.begin.mutate();
  const { seed, uri } = await account.totp.begin.mutate();
  expect(uri).toContain(`secret=${seed}`);
  const ofReplaced = auth.codeOf(seedFromBase32(replaced.seed));
  expect(await refusalOf(account.totp.confirm.mutate({ code: ofReplaced }))).toMatchObject({
    status: 400,
    reason: 'invalid_code',
  });
  expect(
    await refusalOf(
      auth.as().stepUp.mutate({ refreshToken: tokens.refreshToken, code: auth.codeOf(seedFromBase32(seed)) }),
    ),
  ).toMatchObject({
    reason: 'unmet_authentication_requirements',
  });

  const code = auth.codeOf(seedFromBase32(seed));
  expect(await account.totp.confirm.mutate({ code })).toEqual({ confirmed: true });
  expect(await refusalOf(auth.as().stepUp.mutate({ refreshToken: tokens.refreshToken, code }))).toMatchObject({
    reason: 'invalid_code',
  });
  auth.advance(30);
  const stepped = await auth
    .as()
    .stepUp.mutate({ refreshToken: tokens.refreshToken, code: auth.codeOf(seedFromBase32(seed)) });
  expect(stepped.session.acr).toBe('aal2');
  const raised = auth.as(stepped.accessTokens['auth']?.token);
  expect(await refusalOf(raised.totp.begin.mutate())).toMatchObject({ status: 409, reason: 'already_enrolled' });

  const { rows } = await auth.operator.query('SELECT f::text AS row FROM totp_factors f');
  const stored = rows.map(({ row }: { row: string }) => row).join('\n');
  const bytes = Buffer.from(seedFromBase32(seed));
  for (const spelling of [seed, bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url')])
    expect(stored).not.toContain(spelling);
});
