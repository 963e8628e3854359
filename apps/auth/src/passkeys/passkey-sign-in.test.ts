import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refusalOf } from '../testing/callers.ts';
import { claimsOf } from '../testing/expected.ts';
import { authenticatorOf, newPerson, personWithPasskey } from '../testing/passkeys.ts';
import { runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import type { Deviation } from '../testing/software-authenticator.ts';

let auth: RunningAuthority;
let person: Awaited<ReturnType<typeof personWithPasskey>>;

beforeAll(async () => {
  auth = await runAuthority();
  person = await personWithPasskey(auth);
});
afterAll(() => auth.close());

const begin = () => auth.as().beginPasskeySignIn.mutate({});
const refused = { status: 400, reason: 'invalid_passkey', message: 'This passkey is not accepted.' };

test('somebody signs in with a passkey alone, and that is two factors (NST-07)', async () => {
  const tokens = await auth.as().signInByPasskey.mutate({ answer: person.authenticator.get(await begin()) });
  expect(tokens.session).toMatchObject({ subject: person.tokens.session.subject, acr: 'aal2' });
  expect(tokens.session.secondFactorAt).toBe(tokens.session.authTime);
  expect(claimsOf(tokens.accessTokens['payments']?.token)).toMatchObject({ acr: 'aal2' });
  const { rows } = await auth.operator.query('SELECT amr, factor_times FROM sessions WHERE sid = $1', [
    tokens.session.id,
  ]);
  expect(rows).toEqual([{ amr: ['hwk', 'user', 'mfa'], factor_times: { hwk: tokens.session.authTime } }]);
});

test('a passkey is offered beside the code for a session that needs two factors, and raises it (NST-07)', async () => {
  const synced = await personWithPasskey(auth, { synced: true });
  const options = await synced.account.passkeys.beginStepUp.mutate();
  expect(options.allowCredentials?.map(({ id }) => id)).toEqual([synced.authenticator.id]);
  const { refreshToken } = synced.tokens;
  const after = await auth.as().stepUp.mutate({ refreshToken, passkey: synced.authenticator.get(options) });
  expect(after.session).toMatchObject({ acr: 'aal2' });
  const { rows } = await auth.operator.query('SELECT amr FROM sessions WHERE sid = $1', [after.session.id]);
  expect(rows).toEqual([{ amr: ['pwd', 'swk', 'user', 'mfa'] }]);
});

test('options for signing in are the same for everybody: no credential, no account', async () => {
  const { challenge, ...options } = await begin();
  expect(Buffer.from(challenge, 'base64url').length).toBeGreaterThanOrEqual(16);
  expect(options.allowCredentials ?? []).toEqual([]);
  expect({ ...(await begin()), challenge }).toEqual({ ...options, challenge });
});

const wrongs: Readonly<Record<string, () => Deviation>> = {
  'another type': () => ({ type: 'webauthn.create' }),
  'a challenge that nobody drew': () => ({ challenge: randomBytes(32).toString('base64url') }),
  'another origin': () => ({ origin: 'https://www.shop.example.evil.example' }),
  'the origin without TLS': () => ({ origin: 'http://www.shop.example' }),
  'the origin with a port': () => ({ origin: 'https://www.shop.example:8443' }),
  'a page in a frame': () => ({ crossOrigin: true }),
  'another domain': () => ({ domain: 'evil.example' }),
  'nobody present': () => ({ present: false }),
  'nobody verified': () => ({ verified: false }),
  'another key': () => ({ key: authenticatorOf('u_eve').privateKey }),
  'a count that went back': () => ({ count: 1 }),
  'an unknown credential': () => ({ credentialId: randomBytes(16).toString('base64url') }),
  'the handle of somebody else': () => ({ userHandle: Buffer.from('u_adaAAAAAAAAAAAAA').toString('base64url') }),
  'no handle': () => ({ userHandle: undefined }),
};

test.each(Object.entries(wrongs))('signing in with %s is refused in the same words (WAN-01)', async (_what, wrong) => {
  const answer = person.authenticator.get(await begin(), wrong());
  expect(await refusalOf(auth.as().signInByPasskey.mutate({ answer }))).toEqual(refused);
});

test('a changed byte of the signature, of what was signed, or of the client data is refused (WAN-01)', async () => {
  for (const part of ['signature', 'authenticatorData', 'clientDataJSON'] as const) {
    const answer = person.authenticator.get(await begin());
    const bytes = Buffer.from(answer.response[part], 'base64url');
    bytes[bytes.length - 2] = (bytes.at(-2) ?? 0) ^ 1;
    const changed = { ...answer, response: { ...answer.response, [part]: bytes.toString('base64url') } };
    expect(await refusalOf(auth.as().signInByPasskey.mutate({ answer: changed }))).toEqual(refused);
  }
});

test('of 64 submissions of one answer, at once, one signs in; later none does (WAN-01)', async () => {
  const answer = person.authenticator.get(await begin());
  const attempts = await Promise.allSettled(
    Array.from({ length: 64 }, () => auth.as().signInByPasskey.mutate({ answer })),
  );
  expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await refusalOf(auth.as().signInByPasskey.mutate({ answer }))).toEqual(refused);
});

test('a challenge is over after five minutes, and a refused answer has used it up (WAN-01)', async () => {
  const late = person.authenticator.get(await begin());
  auth.advance(5 * 60 + 1);
  expect(await refusalOf(auth.as().signInByPasskey.mutate({ answer: late }))).toEqual(refused);
  const options = await begin();
  const bad = person.authenticator.get(options, { verified: false });
  expect(await refusalOf(auth.as().signInByPasskey.mutate({ answer: bad }))).toEqual(refused);
  expect(await refusalOf(auth.as().signInByPasskey.mutate({ answer: person.authenticator.get(options) }))).toEqual(
    refused,
  );
});

test('an answer for one purpose, session or client is good for no other (WAN-04)', async () => {
  const mine = await personWithPasskey(auth);
  const { refreshToken } = mine.tokens;
  const { authenticator, account } = mine;
  const signIn = (asked: { challenge: string }) =>
    refusalOf(auth.as().signInByPasskey.mutate({ answer: authenticator.get(asked) }));
  const stepUp = (asked: { challenge: string }) =>
    refusalOf(auth.as().stepUp.mutate({ refreshToken, passkey: authenticator.get(asked) }));

  expect(await signIn(await account.passkeys.beginStepUp.mutate())).toEqual(refused);
  expect(await stepUp(await begin())).toEqual(refused);
  const elsewhere = auth.as((await mine.signIn()).accessTokens['auth']?.token);
  expect(await stepUp(await elsewhere.passkeys.beginStepUp.mutate())).toEqual(refused);
  const otherClient = await auth.as().beginPasskeySignIn.mutate({ clientId: 'phone' });
  expect(await signIn(otherClient)).toEqual(refused);

  const raised = await auth.as().stepUp.mutate({
    refreshToken,
    passkey: authenticator.get(await account.passkeys.beginStepUp.mutate()),
  });
  const now = auth.as(raised.accessTokens['auth']?.token);
  const { challenge } = await now.passkeys.beginRegistration.mutate();
  expect(await signIn({ challenge })).toEqual(refused);
  // Within one session, too: a challenge to make a passkey raises nothing.
  const toRegister = authenticator.get(await now.passkeys.beginRegistration.mutate());
  const crossed = auth.as().stepUp.mutate({ refreshToken: raised.refreshToken, passkey: toRegister });
  expect(await refusalOf(crossed)).toEqual(refused);
  const asRegistration = authenticator.create(await begin());
  expect(await refusalOf(now.passkeys.finishRegistration.mutate({ answer: asRegistration, label: 'x' }))).toEqual(
    refused,
  );
});

test("somebody else's passkey raises nobody's session (WAN-01, BYP-01)", async () => {
  const mine = await personWithPasskey(auth);
  const options = await mine.account.passkeys.beginStepUp.mutate();
  for (const deviation of [{}, { userHandle: undefined }]) {
    const passkey = person.authenticator.get(options, deviation);
    const { refreshToken } = mine.tokens;
    expect(await refusalOf(auth.as().stepUp.mutate({ refreshToken, passkey }))).toEqual(refused);
  }
});

test('a copy of an authenticator is found out by its count, and both are known by it; 0 counts nothing (WAN-03)', async () => {
  const counting = await personWithPasskey(auth);
  const signIn = async (count: number) =>
    auth.as().signInByPasskey.mutate({ answer: counting.authenticator.get(await begin(), { count }) });
  await signIn(10);
  expect(await refusalOf(signIn(10))).toEqual(refused);
  expect(await refusalOf(signIn(9))).toEqual(refused);
  expect(await refusalOf(signIn(0))).toEqual(refused);
  expect(auth.logLines.join('')).toContain('a passkey was refused');
  await signIn(11);

  const countless = await personWithPasskey(auth, { counts: false });
  for (let round = 0; round < 2; round += 1) {
    const answer = countless.authenticator.get(await begin());
    expect((await auth.as().signInByPasskey.mutate({ answer })).session.acr).toBe('aal2');
  }
});

test('of two answers with one count, at once, one signs in (WAN-03)', async () => {
  const copied = await personWithPasskey(auth);
  const answers = await Promise.all(
    Array.from({ length: 8 }, async () => copied.authenticator.get(await begin(), { count: 50 })),
  );
  const attempts = await Promise.allSettled(answers.map((answer) => auth.as().signInByPasskey.mutate({ answer })));
  expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('an account that is disabled does not sign in, whatever it shows (BYP-01)', async () => {
  const gone = await personWithPasskey(auth);
  const { subject } = gone.tokens.session;
  await auth.operator.query('UPDATE accounts SET enabled = false WHERE subject = $1', [subject]);
  const answer = gone.authenticator.get(await begin());
  expect(await refusalOf(auth.as().signInByPasskey.mutate({ answer }))).toEqual(refused);
});

test('a step-up by passkey without one is an error, and asks for nothing (SUP-03)', async () => {
  const { tokens } = await newPerson(auth);
  const account = auth.as(tokens.accessTokens['auth']?.token);
  expect(await refusalOf(account.passkeys.beginStepUp.mutate())).toMatchObject({
    reason: 'unmet_authentication_requirements',
  });
});
