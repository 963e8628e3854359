import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TokenSet } from '../sign-in/token-set.ts';
import { assertionType, refusalOf } from '../testing/callers.ts';
import { claimsOf, headerOf, someNumber } from '../testing/expected.ts';
import { grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { asksForSigned } from './signed-introspection.ts';

let auth: RunningAuthority;
let tokens: TokenSet;
beforeAll(async () => {
  auth = await runAuthority();
  tokens = await auth.as().signIn.mutate(grace);
});
afterAll(() => auth.close());

const accessToken = (audience: string) => tokens.accessTokens[audience]?.token ?? '';
const signedType = 'application/token-introspection+jwt';

async function introspect(members: Readonly<Record<string, string>>, accept = signedType) {
  const response = await fetch(`${auth.issuer}/oauth/introspect`, {
    method: 'POST',
    body: new URLSearchParams(members),
    headers: { accept },
  });
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

async function introspectAs(clientId: 'catalog' | 'payments', token: string, accept?: string) {
  const client_assertion = await auth.assertion(clientId);
  return introspect({ token, client_assertion, client_assertion_type: assertionType }, accept);
}

test('whoever asks for it gets the answer signed, for itself alone, with nothing of a token at its top (INT-08)', async () => {
  const { status, type, text } = await introspectAs('payments', accessToken('payments'));
  expect({ status, type }).toEqual({ status: 200, type: signedType });
  expect(headerOf(text)).toMatchObject({ alg: 'ES256', typ: 'token-introspection+jwt' });
  expect(claimsOf(text)).toEqual({
    iss: auth.issuer,
    aud: 'payments',
    iat: someNumber,
    token_introspection: { active: true, token_type: 'Bearer', ...claimsOf(accessToken('payments')) },
  });
  const keys = createLocalJWKSet({ keys: [...auth.authority.keys.published()] });
  await jwtVerify(text, keys, { typ: 'token-introspection+jwt', issuer: auth.issuer, audience: 'payments' });
  expect(await introspectAs('payments', accessToken('payments'), 'application/json')).toMatchObject({
    type: 'application/json',
  });
});

test('a signed answer is no token: no gate, exchange or introspection takes it (INT-08, JWT-13)', async () => {
  const { text } = await introspectAs('payments', accessToken('payments'));
  expect(await refusalOf(auth.as(text).sessions.list.query())).toMatchObject({ status: 401 });
  expect((await auth.postAs('payments', '/oauth/introspect', { token: text })).text).toBe('{"active":false}');
  const exchanged = await auth.postAs('payments', '/oauth/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: 'urn:ietf:params:oauth:token-type:txn_token',
    audience: 'sallyport',
    scope: 'catalog:read',
    subject_token: text,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  });
  expect(exchanged.json['error']).toBe('invalid_grant');
});

test('of what is not good for the caller a signed answer says nothing but that, and of nobody to nobody (INT-09)', async () => {
  const ended = await auth.as().signIn.mutate(grace);
  await auth.as().signOut.mutate({ refreshToken: ended.refreshToken });
  const bad = [accessToken('catalog'), ended.accessTokens['payments']?.token ?? '', tokens.refreshToken, 'garbage'];
  for (const token of bad) {
    const { status, text } = await introspectAs('payments', token);
    expect({ status, said: claimsOf(text)['token_introspection'] }).toEqual({ status: 200, said: { active: false } });
  }
  for (const token of [accessToken('payments'), 'garbage']) {
    const { status, text } = await introspect({ token });
    expect({ status, text: JSON.parse(text).error }).toEqual({ status: 400, text: 'invalid_client' });
  }
});

test('each service is told the scopes that are good there, and none of another’s (INT-10)', async () => {
  const scopes = { catalog: 'catalog:read catalog:write', payments: 'payments:read payments:write' };
  for (const audience of ['catalog', 'payments'] as const) {
    const { text } = await introspectAs(audience, accessToken(audience));
    expect(claimsOf(text)['token_introspection']).toMatchObject({ scope: scopes[audience] });
    const { text: others } = await introspectAs(audience === 'catalog' ? 'payments' : 'catalog', accessToken(audience));
    expect(claimsOf(others)['token_introspection']).toEqual({ active: false });
  }
});

test.each([
  [signedType, true],
  [`text/html, ${signedType}; q=0.5`, true],
  ['Application/Token-Introspection+JWT', true],
  [`${signedType};q=0`, false],
  ['application/json', false],
  ['*/*', false],
  ['application/token-introspection+jwtx', false],
])('accepting %s asks for a signed answer: %s', (accept, expected) => {
  expect(asksForSigned([accept])).toBe(expected);
});
