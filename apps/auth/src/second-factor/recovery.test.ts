import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { refusalOf } from '../testing/callers.ts';
import { authenticatorOf, newPerson } from '../testing/passkeys.ts';
import { runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { guessProbability, maxFailures } from './totp-attempts.ts';
import { seedFromBase32 } from './totp.ts';

let auth: RunningAuthority;
let ann: Awaited<ReturnType<typeof personWithCodes>>;

beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());
beforeEach(async () => {
  ann = await personWithCodes();
});

/** Somebody with an authenticator app, and with recovery codes. */
async function personWithCodes() {
  const person = await newPerson(auth);
  const account = auth.as(person.tokens.accessTokens['auth']?.token);
  const { seed } = await account.totp.begin.mutate();
  const codeNow = () => auth.codeOf(seedFromBase32(seed));
  await account.totp.confirm.mutate({ code: codeNow() });
  auth.advance(31);
  const raised = await auth.as().stepUp.mutate({ refreshToken: person.tokens.refreshToken, code: codeNow() });
  const { codes } = await auth.as(raised.accessTokens['auth']?.token).factors.renewRecoveryCodes.mutate();
  return { ...person, subject: person.tokens.session.subject, codes, codeNow, raised };
}

const stepUp = (refreshToken: string, recoveryCode: string) => auth.as().stepUp.mutate({ refreshToken, recoveryCode });
const failuresOf = async (subject: string): Promise<unknown> => {
  const { rows } = await auth.operator.query('SELECT failures FROM totp_factors WHERE subject = $1', [subject]);
  return rows[0]?.failures;
};
const setFailures = (failures: number) =>
  auth.operator.query('UPDATE totp_factors SET failures = $1 WHERE subject = $2', [failures, ann.subject]);

function wrongCode(): string {
  return String((Number(ann.codeNow()) + 1) % 1_000_000).padStart(6, '0');
}

async function guess(refreshToken: string) {
  auth.advance(5 * 60 + 1);
  return refusalOf(auth.as().stepUp.mutate({ refreshToken, code: wrongCode() }));
}

test('a recovery code is a second factor once, however it is typed, and however many try it at once', async () => {
  const [code = '', next = ''] = ann.codes;
  expect(new Set(ann.codes).size).toBe(10);
  const sessions = await Promise.all(Array.from({ length: 4 }, ann.signIn));
  const typed = [code, code.toLowerCase(), code.replaceAll('-', ''), ` ${code.replaceAll('-', ' ')} `];
  const tried = await Promise.allSettled(
    sessions.map(({ refreshToken }, index) => stepUp(refreshToken, typed[index] ?? '')),
  );
  const [raised] = tried.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  expect(tried.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(raised?.session.acr).toBe('aal2');
  const { rows } = await auth.operator.query('SELECT amr FROM sessions WHERE sid = $1', [raised?.session.id]);
  expect(rows).toEqual([{ amr: ['pwd', 'recovery', 'mfa'] }]);
  const again = await ann.signIn();
  expect(await refusalOf(stepUp(again.refreshToken, code))).toMatchObject({ status: 400, reason: 'invalid_code' });
  // A code that is refused spends nothing else.
  expect((await stepUp(again.refreshToken, next)).session.acr).toBe('aal2');
});

test("somebody else's recovery code is a wrong one, and new ones void those before", async () => {
  const [code = ''] = ann.codes;
  const other = await personWithCodes();
  const { refreshToken } = await other.signIn();
  expect(await refusalOf(stepUp(refreshToken, code))).toMatchObject({ reason: 'invalid_code' });
  await auth.as(ann.raised.accessTokens['auth']?.token).factors.renewRecoveryCodes.mutate();
  expect(await refusalOf(stepUp((await ann.signIn()).refreshToken, code))).toMatchObject({ reason: 'invalid_code' });
});

test('the database holds no recovery code', async () => {
  const { rows } = await auth.operator.query('SELECT r::text AS row FROM recovery_codes r');
  const stored = rows.map(({ row }: { row: string }) => row).join('\n');
  expect(stored).toContain(ann.subject);
  for (const code of ann.codes) {
    expect(stored).not.toContain(code);
    expect(stored).not.toContain(code.replaceAll('-', ''));
  }
});

test('the chance to guess a code before recovery is forced is at most 3 in 10,000 (OTP-05)', () => {
  expect(guessProbability()).toBeLessThanOrEqual(3e-4);
  // NIST SP 800-63B-4 §3.2.2: no more than 100 failures.
  expect(maxFailures).toBeLessThanOrEqual(100);
});

test('after so many wrong codes, from whichever sessions, no code is looked at until a recovery code is shown (OTP-05)', async () => {
  await setFailures(maxFailures - 3);
  for (let session = 0; session < 3; session += 1) {
    const { refreshToken } = await ann.signIn();
    expect(await guess(refreshToken)).toMatchObject({ reason: 'invalid_code' });
  }
  const { refreshToken } = await ann.signIn();
  const forced = { status: 429, reason: 'recovery_required' };
  expect(await guess(refreshToken)).toMatchObject(forced);
  // Time alone heals nothing, and the right code is not looked at.
  auth.advance(6 * 60 * 60);
  const later = (await ann.signIn()).refreshToken;
  const right = auth.as().stepUp.mutate({ refreshToken: later, code: ann.codeNow() });
  expect(await refusalOf(right)).toMatchObject(forced);
  const recovered = await stepUp(later, ann.codes[0] ?? '');
  auth.advance(31);
  const after = await auth.as().stepUp.mutate({ refreshToken: recovered.refreshToken, code: ann.codeNow() });
  expect(after.session.acr).toBe('aal2');
});

test('of guesses that are sent at once, no more are looked at than there are attempts left before recovery (OTP-05)', async () => {
  await setFailures(maxFailures - 2);
  auth.advance(5 * 60 + 1);
  const sessions = await Promise.all(Array.from({ length: 12 }, ann.signIn));
  const code = wrongCode();
  const refusals = await Promise.all(
    sessions.map(({ refreshToken }) => refusalOf(auth.as().stepUp.mutate({ refreshToken, code }))),
  );
  expect(refusals.filter(({ reason }) => reason === 'invalid_code')).toHaveLength(2);
  expect(await failuresOf(ann.subject)).toBe(maxFailures);
});

test("a right code makes up for its own session's wrong ones, and for nobody else's (OTP-05)", async () => {
  const guesser = await ann.signIn();
  for (let round = 0; round < 3; round += 1) await guess(guesser.refreshToken);
  const owner = await ann.signIn();
  await guess(owner.refreshToken);
  expect(await failuresOf(ann.subject)).toBe(4);
  auth.advance(31);
  await auth.as().stepUp.mutate({ refreshToken: owner.refreshToken, code: ann.codeNow() });
  expect(await failuresOf(ann.subject)).toBe(3);
  await guess(guesser.refreshToken);
  expect(await failuresOf(ann.subject)).toBe(4);
});

test('every change of a factor stands in the audit log, and its owner is told by mail', async () => {
  await setFailures(maxFailures - 1);
  const { refreshToken } = await ann.signIn();
  await guess(refreshToken);
  const recovered = await stepUp((await ann.signIn()).refreshToken, ann.codes[0] ?? '');
  const account = auth.as(recovered.accessTokens['auth']?.token);
  const authenticator = authenticatorOf(ann.subject);
  const answer = authenticator.create(await account.passkeys.beginRegistration.mutate());
  await account.passkeys.finishRegistration.mutate({ answer, label: 'a key' });
  await account.factors.remove.mutate({ kind: 'totp' });

  const { rows } = await auth.operator.query(
    `SELECT action FROM audit_log WHERE subject = $1 AND action ~ '^(factor|recovery)' ORDER BY position`,
    [ann.subject],
  );
  expect(rows.map(({ action }: { action: string }) => action)).toEqual([
    'factor.enrolled',
    'recovery-codes.made',
    'factor.locked',
    'recovery-code.used',
    'factor.enrolled',
    'factor.removed',
  ]);
  await auth.authority.later.settled();
  const mails = auth.outbox.filter(({ to, kind }) => to === ann.credentials.email && kind === 'sign-in changed');
  expect(mails).toHaveLength(6);
  expect(JSON.stringify(mails)).not.toContain(ann.codes[0]);
});
