import { expect, test } from 'vitest';
import { readIntrospection } from './introspection-response.ts';

const now = 1_800_000_000;
const expected = {
  issuer: 'https://partner.test',
  audience: 'payments',
  audienceLists: false,
  acr: { 'urn:mfa': 'aal2', 'urn:pwd': 'aal1' },
} as const;
const good = {
  active: true,
  iss: 'https://partner.test',
  aud: 'payments',
  sub: 'ada',
  client_id: 'web',
  token_type: 'Bearer',
  scope: 'payments:read payments:write',
  exp: now + 60,
  iat: now - 5,
  jti: 'j1',
  auth_time: now - 100,
  acr: 'urn:mfa',
  sid: 's1',
};

function read(change: Readonly<Record<string, unknown>> = {}) {
  const answer = Object.entries({ ...good, ...change }).filter(([, value]) => value !== undefined);
  return readIntrospection(Object.fromEntries(answer), expected, { now, tokenId: 'digest' });
}

test('an active token gives its claims, and when and how its user authenticated (SUP-04)', () => {
  expect(read()).toEqual({
    outcome: 'active',
    token: {
      kind: 'user',
      issuer: 'https://partner.test',
      audience: 'payments',
      subject: 'ada',
      client: 'web',
      scope: new Set(['payments:read', 'payments:write']),
      roles: new Set(),
      tokenId: 'j1',
      keyId: '',
      issuedAt: now - 5,
      expiresAt: now + 60,
      session: 's1',
      authTime: now - 100,
      acr: 'aal2',
    },
    session: { authTime: now - 100, secondFactorAt: now - 100, acr: 'aal2', answeredAt: now },
  });
});

test('what the RFC leaves out may be left out', () => {
  const bare = { iss: undefined, jti: undefined, exp: undefined, iat: undefined, sid: undefined, scope: undefined };
  expect(read({ ...bare, auth_time: undefined, acr: undefined })).toMatchObject({
    outcome: 'active',
    token: { kind: 'user', tokenId: 'digest', issuedAt: now, scope: new Set() },
    session: { answeredAt: now },
  });
});

test.each([{ sub: undefined }, { sub: 'web' }])("a token with %j is a client's own", (change) => {
  const answer = read(change);
  expect(answer).toMatchObject({ outcome: 'active', token: { kind: 'service', subject: 'web', client: 'web' } });
  expect(answer).not.toHaveProperty('token.session');
});

test.each<[unknown, string | undefined]>([
  ['urn:mfa', 'aal2'],
  ['urn:pwd', 'aal1'],
  ['aal2', undefined],
  ['constructor', undefined],
  [undefined, undefined],
])('the acr %j means %j here, and only two factors give a second factor', (acr, meaning) => {
  const answer = read({ acr });
  if (answer.outcome !== 'active') throw new Error('not active');
  expect(answer.session.acr).toBe(meaning);
  expect(answer.token.acr).toBe(meaning);
  expect(answer.session.secondFactorAt).toBe(meaning === 'aal2' ? now - 100 : undefined);
});

test('a second factor without a time is none', () => {
  expect(read({ auth_time: undefined })).not.toHaveProperty('session.secondFactorAt');
});

test('inactive is inactive, whatever else the answer says', () => {
  expect(read({ active: false, exp: 'soon', sub: 7 })).toEqual({ outcome: 'inactive' });
});

test.each<[string, Readonly<Record<string, unknown>>, string]>([
  ['another issuer', { iss: 'https://partner.test/' }, 'token_issuer'],
  ['an issuer that is a list', { iss: ['https://partner.test'] }, 'token_issuer'],
  ['another audience', { aud: 'catalog' }, 'token_audience'],
  ['no audience', { aud: undefined }, 'token_audience'],
  ['a list where one audience is expected', { aud: ['payments'] }, 'token_audience'],
  ['a proof-of-possession type', { token_type: 'DPoP' }, 'token_type'],
  ['no type, as a refresh token', { token_type: undefined }, 'token_type'],
  ['the use of a refresh token', { token_use: 'refresh_token' }, 'token_type'],
  ['a binding to a key', { cnf: { jkt: 'x' } }, 'token_bound'],
  ['a binding to nothing', { cnf: {} }, 'token_bound'],
  ['exp now', { exp: now }, 'token_expired'],
  ['nbf eleven seconds ahead', { nbf: now + 11 }, 'token_from_the_future'],
  ['iat eleven seconds ahead', { iat: now + 11 }, 'token_from_the_future'],
  ['auth_time eleven seconds ahead (SUP-05)', { auth_time: now + 11 }, 'token_from_the_future'],
])('an active token with %s is refused', (_name, change, reason) => {
  expect(read(change)).toEqual({ outcome: 'refused', reason });
});

test.each<Readonly<Record<string, unknown>>>([
  { active: undefined },
  { active: 'true' },
  { active: 1 },
  { active: null },
  { exp: '1800000060' },
  { exp: now + 0.5 },
  { exp: null },
  { iat: -1 },
  { nbf: [] },
  { auth_time: 'yesterday' },
  { client_id: undefined },
  { client_id: '' },
  { sub: 7 },
  { sub: '' },
  { sub: undefined, username: 'ada' },
  { jti: {} },
  { acr: ['urn:mfa'] },
  { sid: 1 },
  { scope: ['payments:read'] },
  { scope: ' payments:read' },
])('an answer with %j says nothing at all', (change) => {
  expect(() => read(change)).toThrow('no usable');
});

test('ten seconds of skew are forgiven', () => {
  expect(read({ iat: now + 10, nbf: now + 10, auth_time: now + 10 })).toMatchObject({ outcome: 'active' });
});
