import { generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertionType } from '../testing/callers.ts';
import { grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';

let auth: RunningAuthority;
let accessToken: string;
const forIntrospection = { grant_type: 'client_credentials', audience: 'auth', scope: 'introspect' };
beforeAll(async () => {
  auth = await runAuthority();
  accessToken = (await auth.as().signIn.mutate(grace)).accessTokens['payments']?.token ?? '';
});
afterAll(() => auth.close());

test.each<[string, (auth: RunningAuthority) => Promise<Record<string, string>>]>([
  ['no assertion', async () => ({ client_id: 'payments' })],
  ['a client secret', async () => ({ client_id: 'payments', client_secret: 'guess' })],
  [
    'another type of assertion',
    async (a) => ({ client_assertion: await a.assertion('payments'), client_assertion_type: 'urn:other' }),
  ],
  ['the token endpoint as audience', async (a) => assertionOf(a, { aud: `${a.issuer}/oauth/token` })],
  ['an array as audience', async (a) => assertionOf(a, { aud: [a.issuer] })],
  ['an array with another audience', async (a) => assertionOf(a, { aud: [a.issuer, 'https://evil.example'] })],
  ['no audience', async (a) => assertionOf(a, { aud: undefined })],
  ['another subject than issuer', async (a) => assertionOf(a, { sub: 'catalog' })],
  ['a client that is not registered', async (a) => assertionOf(a, { iss: 'nobody', sub: 'nobody' })],
  ['a client whose key it is not', async (a) => assertionOf(a, { iss: 'catalog', sub: 'catalog' })],
  ['the public client', async (a) => assertionOf(a, { iss: 'web', sub: 'web' })],
  ['an end that is past', async (a) => assertionOf(a, { exp: Math.floor(a.now() / 1000) - 1 })],
  ['an end too far ahead', async (a) => assertionOf(a, { exp: Math.floor(a.now() / 1000) + 400 })],
  ['no end', async (a) => assertionOf(a, { exp: undefined })],
  ['no id', async (a) => assertionOf(a, { jti: undefined })],
  ['a beginning that is yet to come', async (a) => assertionOf(a, { nbf: Math.floor(a.now() / 1000) + 60 })],
  ['an access token', async () => ({ client_assertion_type: assertionType, client_assertion: accessToken })],
  ['no JWT', async () => ({ client_assertion_type: assertionType, client_assertion: 'x.y.z' })],
  [
    'an unsigned JWT',
    async () => ({
      client_assertion_type: assertionType,
      client_assertion: `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`,
    }),
  ],
  ['another client_id beside it', async (a) => ({ ...(await assertionOf(a, {})), client_id: 'catalog' })],
])('a client that authenticates with %s gets the one answer (OSB-18, OSB-19)', async (_, members) => {
  const { status, json } = await auth.post('/oauth/token', { ...forIntrospection, ...(await members(auth)) });
  expect({ status, json }).toEqual({
    status: 401,
    json: { error: 'invalid_client', error_description: 'The client could not be authenticated.' },
  });
});

async function assertionOf(a: RunningAuthority, claims: Record<string, unknown>): Promise<Record<string, string>> {
  return { client_assertion_type: assertionType, client_assertion: await a.assertion('payments', claims) };
}

test('an assertion is good once, and of 16 uses at once one passes', async () => {
  const members = {
    ...forIntrospection,
    client_assertion_type: assertionType,
    client_assertion: await auth.assertion('payments'),
  };
  const answers = await Promise.all(Array.from({ length: 16 }, () => auth.post('/oauth/token', members)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect((await auth.post('/oauth/token', members)).json).toMatchObject({ error: 'invalid_client' });
});

test('an assertion signed by a key that nobody registered is refused, whatever kid it names', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const at = Math.floor(auth.now() / 1000);
  const forged = new SignJWT({
    iss: 'payments',
    sub: 'payments',
    aud: auth.issuer,
    exp: at + 60,
    jti: 'forged-assertion',
  });
  const client_assertion = await forged.setProtectedHeader({ alg: 'ES256', kid: 'payments-1' }).sign(privateKey);
  const { status } = await auth.post('/oauth/token', {
    ...forIntrospection,
    client_assertion_type: assertionType,
    client_assertion,
  });
  expect(status).toBe(401);
});

test('two services cannot have one audience: a token for one would be good at the other (ATP-10)', async () => {
  const second = `INSERT INTO clients (client_id, kind, audience) VALUES ('impostor', 'confidential', 'payments')`;
  await expect(auth.operator.query(second)).rejects.toThrow('clients_audience_unique');
});
