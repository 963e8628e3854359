import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ada, grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';

// Bodies and status. Times are measured by `pnpm enumeration`.

let auth: RunningAuthority;
beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());

async function call(path: string, input: unknown) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${auth.issuer}/trpc/${path}`, { method: 'POST', headers, body: JSON.stringify(input) });
  return { status: response.status, body: await response.text(), challenge: response.headers.get('www-authenticate') };
}

async function form(path: string, members: Readonly<Record<string, string>>) {
  const { status, text, headers } = await auth.postAs('payments', path, members);
  return { status, body: text, challenge: headers.get('www-authenticate') };
}

/** The one answer, or all of them where they differ. */
function theOne<Answer>(answers: readonly Answer[]): Answer | readonly Answer[] {
  const texts = new Set(answers.map((answer) => JSON.stringify(answer)));
  return texts.size === 1 && answers[0] !== undefined ? answers[0] : answers;
}

const unknown = 'nobody@sallyport.example';
const endedSession = async () => {
  const set = await auth.as().signIn.mutate(grace);
  await auth.as().signOut.mutate({ refreshToken: set.refreshToken });
  return set;
};

test('sign-in says the same of an account and of none (ORA-01)', async () => {
  const password = 'not the password of anybody';
  expect(
    theOne(await Promise.all([ada.email, unknown].map((email) => call('signIn', { email, password })))),
  ).toMatchObject({ status: 401 });
});

test('sign-up says the same of an account and of none (ORA-01)', async () => {
  const password = 'quite a long password';
  expect(
    theOne(await Promise.all([ada.email, unknown].map((email) => call('signUp', { email, password })))),
  ).toMatchObject({ status: 200 });
});

test('a reset says the same of an account and of none, and an address to confirm says nothing of tokens (ORA-01)', async () => {
  const emails = [ada.email, 'no-account@sallyport.example'];
  expect(theOne(await Promise.all(emails.map((email) => call('password.requestReset', { email }))))).toMatchObject({
    status: 200,
  });
  const tokens = [randomBytes(32), randomBytes(32)].map((bytes) => bytes.toString('base64url'));
  expect(theOne(await Promise.all(tokens.map((token) => call('email.verify', { token }))))).toMatchObject({
    status: 400,
  });
});

test('a code for a session that has ended and for one that never was: one answer (ORA-01)', async () => {
  const { refreshToken } = await endedSession();
  const tokens = [refreshToken, randomBytes(32).toString('base64url')];
  const answers = await Promise.all(tokens.map((token) => call('stepUp', { refreshToken: token, code: '000000' })));
  expect(theOne(answers)).toMatchObject({ status: 401 });
});

test('introspection: ended, forged, meant for another service, and no token at all: one answer (ORA-01)', async () => {
  const { accessTokens } = await endedSession();
  const token = accessTokens['payments']?.token ?? '';
  const forged = `${token.slice(0, -86)}${randomBytes(64).toString('base64url')}`;
  const { accessTokens: living } = await auth.as().signIn.mutate(grace);
  const texts = [token, forged, living['catalog']?.token ?? '', 'no.token.this', 'x'];
  expect(theOne(await Promise.all(texts.map((text) => form('/oauth/introspect', { token: text }))))).toMatchObject({
    status: 200,
  });
});

test('the token endpoint says the same of a client with a wrong key and of no client (ORA-01)', async () => {
  const { client_assertion_type, ...wanted } = {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    grant_type: 'client_credentials',
    audience: 'auth',
  };
  const wrongKey = await auth.assertion('catalog', { iss: 'payments', sub: 'payments' });
  const noClient = await auth.assertion('catalog', { iss: 'nobody', sub: 'nobody' });
  const answers = await Promise.all(
    [wrongKey, noClient].map((client_assertion) =>
      auth.post('/oauth/token', { client_assertion_type, client_assertion, ...wanted }),
    ),
  );
  expect(theOne(answers.map(({ status, text }) => ({ status, text })))).toMatchObject({ status: 401 });
});
