import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TokenSet } from '../sign-in/token-set.ts';
import { claimsOf } from '../testing/expected.ts';
import { grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';

let auth: RunningAuthority;
let tokens: TokenSet;
const signIn = () => auth.as().signIn.mutate(grace);
const accessToken = (set: TokenSet, audience: string) => set.accessTokens[audience]?.token ?? '';
beforeAll(async () => {
  auth = await runAuthority();
  tokens = await signIn();
});
afterAll(() => auth.close());

test('introspection authenticates its caller, and checks its right, before it looks at the token (INT-01)', async () => {
  const good = { token: accessToken(tokens, 'payments') };
  const refused = await auth.post('/oauth/introspect', good);
  expect(refused.status).toBe(401);
  expect((await auth.post('/oauth/introspect', { token: 'nonsense' })).text).toBe(refused.text);
  await auth.operator.query(
    `UPDATE clients SET service_scopes = '{"auth":["revocations"]}' WHERE client_id = 'catalog'`,
  );
  const forbidden = await auth.postAs('catalog', '/oauth/introspect', good);
  expect({ status: forbidden.status, error: forbidden.json['error'] }).toEqual({ status: 403, error: 'access_denied' });
  await auth.operator.query(
    `UPDATE clients SET service_scopes = '{"auth":["introspect","revocations"]}' WHERE client_id = 'catalog'`,
  );
});

test('a token that is good for the caller is active, with its claims; every other is exactly {"active":false} (INT-02, INT-03)', async () => {
  const own = accessToken(tokens, 'payments');
  const active = await auth.postAs('payments', '/oauth/introspect', { token: own });
  expect(active.json).toEqual({ active: true, token_type: 'Bearer', ...claimsOf(own) });

  const ended = await signIn();
  await auth.as().signOut.mutate({ refreshToken: ended.refreshToken });
  const [head, body, signature = ''] = own.split('.');
  const inactive = {
    'another audience': accessToken(tokens, 'catalog'),
    'an ended session': accessToken(ended, 'payments'),
    'a refresh token': tokens.refreshToken,
    garbage: 'garbage',
    'a padded spelling': `${own}=`,
    'another signature': `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
    'a client assertion': await auth.assertion('payments'),
  };
  for (const [name, token] of Object.entries(inactive)) {
    const { status, text } = await auth.postAs('payments', '/oauth/introspect', { token });
    expect({ name, status, text }).toEqual({ name, status: 200, text: '{"active":false}' });
  }
  const service = await auth.postAs('payments', '/oauth/token', {
    grant_type: 'client_credentials',
    audience: 'catalog',
  });
  const ofService = { token: String(service.json['access_token']) };
  expect((await auth.postAs('catalog', '/oauth/introspect', ofService)).json).toMatchObject({
    active: true,
    sub: 'payments',
  });
});

test('an expired token is inactive', async () => {
  const soonOver = await signIn();
  auth.advance(301);
  const { text } = await auth.postAs('payments', '/oauth/introspect', { token: accessToken(soonOver, 'payments') });
  expect(text).toBe('{"active":false}');
  tokens = await signIn();
});
