import { afterAll, beforeAll, expect, test } from 'vitest';
import { unknownCaller } from '../caller.ts';
import { checkCredentials } from '../sign-in/accounts.ts';
import { byPassword } from '../sign-in/proof.ts';
import { startSession } from '../sign-in/sessions.ts';
import type { TokenSet } from '../sign-in/token-set.ts';
import { refusalOf } from '../testing/callers.ts';
import { adaSeed, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { markPasswordCompromised } from './change-password.ts';
import { confirmSession } from './confirm-session.ts';
import { maxFailuresInARow } from './password-failures.ts';

let auth: RunningAuthority;
beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());

let people = 0;
const next = 'the second long password';

/** Somebody with an account of their own. */
async function newPerson() {
  people += 1;
  const person = { email: `person${people}@sallyport.example`, password: 'the first long password' };
  await auth.as().signUp.mutate(person);
  return person;
}

const signIn = (person: { email: string; password: string }) => auth.as().signIn.mutate(person);
const accountOf = (set: TokenSet) => auth.as(set.accessTokens['auth']?.token);
const questionOf = ({ session: { id, subject } }: TokenSet) => {
  return { tokenId: 't', session: id, subject, client: 'web' };
};
const activeOf = async (sets: readonly TokenSet[]) =>
  (await auth.authority.introspect(sets.map(questionOf))).map(({ active }) => active);
const wrongPassword = { status: 401, reason: 'invalid_credentials', message: 'E-mail or password is wrong.' };

/** The newest mail to somebody. */
async function mailTo(email: string, kind: string) {
  await auth.authority.later.settled();
  const mail = auth.outbox.findLast((one) => one.to === email && one.kind === kind);
  if (mail === undefined) throw new Error(`no mail about ${kind} to ${email}`);
  return mail;
}

async function resetTokenOf(email: string): Promise<string> {
  await auth.as().password.requestReset.mutate({ email });
  return (await mailTo(email, 'password reset')).token ?? '';
}

test('a changed password ends every session: three families, refresh tokens and access tokens (OSB-11)', async () => {
  const person = await newPerson();
  const sets = [await signIn(person), await signIn(person), await signIn(person)] as const;
  const { password: currentPassword } = person;
  const changed = await accountOf(sets[0]).password.change.mutate({ currentPassword, newPassword: next });
  expect(changed).toMatchObject({ changed: true });
  expect(await activeOf(sets)).toEqual([false, false, false]);
  for (const { refreshToken } of sets)
    expect(await refusalOf(auth.as().refresh.mutate({ refreshToken }))).toMatchObject({ reason: 'invalid_token' });
  expect(await refusalOf(signIn(person))).toEqual(wrongPassword);
  await signIn({ ...person, password: next });
  expect((await mailTo(person.email, 'password changed')).token).toBeUndefined();
});

test('whoever changes it may stay signed in, and nobody else does (OSB-11)', async () => {
  const person = await newPerson();
  const sets = [await signIn(person), await signIn(person), await signIn(person)] as const;
  const change = { currentPassword: person.password, newPassword: next, keepThisSession: true };
  await accountOf(sets[1]).password.change.mutate(change);
  expect(await activeOf(sets)).toEqual([false, true, false]);
  await auth.as().refresh.mutate({ refreshToken: sets[1].refreshToken });
});

test('a sign-in with the old password that is under way when it changes is not left over (OSB-11)', async () => {
  const person = await newPerson();
  for (const password of ['a third long password', 'a fourth long password', 'a fifth long password']) {
    const here = await signIn(person);
    const under = [1, 2, 3, 4].map(() => signIn(person).catch(() => undefined));
    await accountOf(here).password.change.mutate({ currentPassword: person.password, newPassword: password });
    const begun = (await Promise.all(under)).filter((set) => set !== undefined);
    expect(await activeOf(begun)).toEqual(begun.map(() => false));
    person.password = password;
  }
});

test('whoever checked the old password before it changed, and has a session only after, has none (OSB-11)', async () => {
  const person = await newPerson();
  const { authority } = auth;
  const here = await signIn(person);
  const checked = await checkCredentials(authority, person);
  await accountOf(here).password.change.mutate({ currentPassword: person.password, newPassword: next });
  const { subject } = here.session;
  const begin = () => startSession(authority, { subject, clientId: 'web', proof: byPassword, caller: unknownCaller });
  const late = await begin();
  const generation = checked.outcome === 'right' ? checked.generation : NaN;
  expect(await confirmSession(authority, late.session, generation)).toBe(false);
  const ofLate = { tokenId: 't', session: late.session.sid, subject, client: 'web' };
  expect(await authority.introspect([ofLate])).toEqual([{ active: false }]);
  // Whoever knows the new one has.
  expect(await confirmSession(authority, (await begin()).session, generation + 1)).toBe(true);
});

test('the current password is asked for, the new one is looked at, and a refused change changes nothing (NST-03)', async () => {
  const person = await newPerson();
  const account = accountOf(await signIn(person)).password;
  const change = { currentPassword: person.password, newPassword: next };
  const wrong = await refusalOf(account.change.mutate({ ...change, currentPassword: 'not the password' }));
  expect(wrong).toMatchObject({ status: 400, reason: 'wrong_password' });
  for (const [newPassword, reason] of [
    ['passwordpassword', 'password_too_common'],
    ['123456789012345', 'password_too_regular'],
    [`${person.email}!`, 'password_names_you_or_us'],
    ['fourteen chars', 'invalid_input'],
  ] as const)
    expect(await refusalOf(account.change.mutate({ ...change, newPassword }))).toMatchObject({ status: 400, reason });
  await signIn(person);
});

test('a new account’s password is looked at too (NST-03)', async () => {
  const email = 'blocked@sallyport.example';
  const refused = await refusalOf(auth.as().signUp.mutate({ email, password: 'PasswordPassword' }));
  expect(refused).toMatchObject({ status: 400, reason: 'password_too_common' });
});

test('a reset needs no password: the mailed token sets one, ends every session and confirms the address', async () => {
  const person = await newPerson();
  const sets = [await signIn(person), await signIn(person)];
  const token = await resetTokenOf(person.email);
  expect(await auth.as().password.reset.mutate({ token, password: next })).toMatchObject({ reset: true });
  expect(await activeOf(sets)).toEqual([false, false]);
  expect(await refusalOf(signIn(person))).toEqual(wrongPassword);
  await signIn({ ...person, password: next });
  const { rows } = await auth.operator.query('SELECT email_verified_at FROM accounts WHERE email = $1', [person.email]);
  expect(rows).toEqual([{ email_verified_at: expect.any(Date) as unknown }]);
});

test('a reset signs nobody in and is no second factor: what asks for one still asks (BYP-01)', async () => {
  const token = await resetTokenOf('ada@sallyport.example');
  const reset = await auth.as().password.reset.mutate({ token, password: next });
  expect(Object.keys(reset).toSorted()).toEqual(['consistencyToken', 'reset']);
  const set = await signIn({ email: 'ada@sallyport.example', password: next });
  expect(set.session.acr).toBe('aal1');
  expect(set.session.secondFactorAt).toBeUndefined();
  const { refreshToken } = set;
  const raised = await auth.as().stepUp.mutate({ refreshToken, code: auth.codeOf(adaSeed) });
  expect(raised.session.acr).toBe('aal2');
});

test('of 64 that use one reset token at once, on any connection, exactly one sets the password (ACT-01)', async () => {
  const person = await newPerson();
  const token = await resetTokenOf(person.email);
  const passwords = Array.from({ length: 64 }, (_, index) => `a racing password number ${index}`);
  const outcomes = await Promise.allSettled(
    passwords.map((password) => auth.as().password.reset.mutate({ token, password })),
  );
  const winners = passwords.filter((_, index) => outcomes[index]?.status === 'fulfilled');
  expect(winners).toHaveLength(1);
  await signIn({ ...person, password: winners[0] ?? '' });
  const late = await refusalOf(auth.as().password.reset.mutate({ token, password: next }));
  expect(late).toMatchObject({ status: 400, reason: 'invalid_action' });
});

test('of 64 that confirm one address at once exactly one does (ACT-01)', async () => {
  const { email } = await newPerson();
  const token = (await mailTo(email, 'e-mail verification')).token ?? '';
  const calls = Array.from({ length: 64 }, () => auth.as().email.verify.mutate({ token }));
  const outcomes = await Promise.allSettled(calls);
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('a token is good for its own purpose, for its time, and until the next one; the database holds none (ACT-01)', async () => {
  const person = await newPerson();
  const verification = (await mailTo(person.email, 'e-mail verification')).token ?? '';
  const first = await resetTokenOf(person.email);
  const second = await resetTokenOf(person.email);
  const refused = async (token: string) =>
    (await refusalOf(auth.as().password.reset.mutate({ token, password: next }))).reason;
  expect(await refused(verification)).toBe('invalid_action');
  expect((await refusalOf(auth.as().email.verify.mutate({ token: second }))).reason).toBe('invalid_action');
  expect(await refused(first)).toBe('invalid_action');
  const { rows } = await auth.operator.query('SELECT * FROM action_tokens');
  for (const token of [verification, first, second]) expect(JSON.stringify(rows)).not.toContain(token);
  auth.advance(20 * 60 + 1);
  expect(await refused(second)).toBe('invalid_action');
});

test('a disabled account is sent nothing, and a token from before it was disabled sets nothing', async () => {
  const person = await newPerson();
  const token = await resetTokenOf(person.email);
  await auth.operator.query('UPDATE accounts SET enabled = false WHERE email = $1', [person.email]);
  const refused = await refusalOf(auth.as().password.reset.mutate({ token, password: next }));
  expect(refused.reason).toBe('invalid_action');
  const mails = auth.outbox.length;
  expect(await auth.as().password.requestReset.mutate({ email: person.email })).toEqual({ accepted: true });
  await auth.authority.later.settled();
  expect(auth.outbox).toHaveLength(mails);
});

test('after a hundred failures in a row the right password is refused too, until it is reset (NST-05)', async () => {
  const person = await newPerson();
  const set = (failures: number) =>
    auth.operator.query(
      `INSERT INTO password_failures VALUES ($1, $2, now()) ON CONFLICT (email) DO UPDATE SET failures = $2`,
      [person.email, failures],
    );
  await set(maxFailuresInARow - 1);
  expect(maxFailuresInARow).toBe(100);
  await signIn(person);
  const { rows } = await auth.operator.query('SELECT FROM password_failures WHERE email = $1', [person.email]);
  expect(rows).toEqual([]);

  await set(maxFailuresInARow - 1);
  expect(await refusalOf(signIn({ ...person, password: 'the hundredth failure' }))).toEqual(wrongPassword);
  const locked = await auth.operator.query(
    `SELECT FROM audit_log JOIN accounts USING (subject) WHERE action = 'password.locked' AND email = $1`,
    [person.email],
  );
  expect(locked.rowCount).toBe(1);
  expect(await refusalOf(signIn(person))).toEqual(wrongPassword);
  auth.advance(24 * 60 * 60);
  expect(await refusalOf(signIn(person))).toEqual(wrongPassword);
  const token = await resetTokenOf(person.email);
  await auth.as().password.reset.mutate({ token, password: next });
  await signIn({ ...person, password: next });
});

test('guesses that are sent at once use up a try each: of fifty at the ninety-ninth one is looked at (NST-05)', async () => {
  const person = await newPerson();
  await auth.operator.query('INSERT INTO password_failures VALUES ($1, 99, now())', [person.email]);
  const wrong = Array.from({ length: 49 }, (_, index) => signIn({ ...person, password: `guess ${index}` }));
  await Promise.allSettled(wrong);
  expect(await refusalOf(signIn(person))).toEqual(wrongPassword);
});

test('a password that others know opens nothing, says so to who knows it, and is replaced by mail (NST-02)', async () => {
  const person = await newPerson();
  const set = await signIn(person);
  await markPasswordCompromised(auth.authority, { subject: set.session.subject, because: 'found in a leak' });
  expect(await activeOf([set])).toEqual([false]);
  expect(await refusalOf(signIn(person))).toMatchObject({ status: 403, reason: 'password_compromised' });
  expect(await refusalOf(signIn({ ...person, password: 'not the password' }))).toEqual(wrongPassword);
  const token = await resetTokenOf(person.email);
  await auth.as().password.reset.mutate({ token, password: next });
  await signIn({ ...person, password: next });
});

test('a password lives as long as it is good: no time makes somebody change it (NST-02)', async () => {
  const person = await newPerson();
  auth.advance(10 * 365 * 24 * 60 * 60);
  expect((await signIn(person)).session.acr).toBe('aal1');
});

test('a hash of an older kind is made anew when its password is at hand, and signs in before and after (NST-04)', async () => {
  const person = await newPerson();
  const { hash } = await import('@node-rs/argon2');
  const old = await hash(person.password, { memoryCost: 9728, timeCost: 1 });
  await auth.operator.query('UPDATE accounts SET password_hash = $2 WHERE email = $1', [person.email, old]);
  const sets = await Promise.all([signIn(person), signIn(person), signIn(person)]);
  expect(await activeOf(sets)).toEqual([true, true, true]);
  const { rows } = await auth.operator.query<{ password_hash: string }>(
    'SELECT password_hash FROM accounts WHERE email = $1',
    [person.email],
  );
  expect(rows[0]?.password_hash).toMatch(/^k1\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  await signIn(person);
});

test('a sign-up is told of by mail: a token to confirm a new address, a word to who has an account already', async () => {
  const person = await newPerson();
  const { token = '' } = await mailTo(person.email, 'e-mail verification');
  await auth.as().signUp.mutate({ ...person, password: 'somebody else’s idea' });
  expect((await mailTo(person.email, 'account exists')).token).toBeUndefined();
  expect(await auth.as().email.verify.mutate({ token })).toEqual({ verified: true });
  const mails = auth.outbox.length;
  const account = accountOf(await signIn(person));
  expect(await account.email.requestVerification.mutate()).toEqual({ accepted: true });
  await auth.authority.later.settled();
  expect(auth.outbox).toHaveLength(mails);
});

test('what happened to accounts stands in the audit log, and no token or password does', async () => {
  const { rows } = await auth.operator.query<{ entry: string }>('SELECT to_jsonb(a)::text AS entry FROM audit_log a');
  const log = rows.map(({ entry }) => entry).join('\n');
  for (const action of ['account.created', 'account.sign-up-repeated', 'password.changed', 'password.reset'])
    expect(log).toContain(action);
  const tokens = auth.outbox.flatMap(({ token }) => token ?? []);
  for (const token of tokens) expect(log).not.toContain(token);
  expect(log).not.toContain('long password');
  expect(auth.logLines.join('')).not.toContain('long password');
});
