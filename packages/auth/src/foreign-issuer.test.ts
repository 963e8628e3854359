import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterEach, expect, test } from 'vitest';
import { isCanonicalCompactJws, readAuthorization } from './bearer-token.ts';
import { assertForeignIssuers, type ForeignIssuer } from './foreign-issuer-configuration.ts';
import { foreignIssuer } from './foreign-issuer.ts';
import { heldClock } from './testing.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';

const clock = heldClock();
const now = clock.epochSeconds();
const { privateKey, publicKey } = await generateKeyPair('ES256');
const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' };

const signedTokens = { keySetUrl: 'https://partner.test/jwks', believeForSeconds: 60 };
const introspection = {
  url: 'https://partner.test/introspect',
  clientId: 'catalog',
  clientSecret: 'secret',
  answersFor: ['opaque', 'signed'],
} as const;
const partner: ForeignIssuer = {
  issuer: 'https://partner.test',
  name: 'partner',
  audience: 'catalog',
  acr: { 'urn:mfa': 'aal2' },
  signedTokens,
  introspection,
};

const opened: TrustedIssuer[] = [];
afterEach(() => {
  for (const { close } of opened.splice(0)) close?.();
});

type Answers = Readonly<{ about?: Readonly<Record<string, unknown>>; keys?: Response }>;

/** The issuer over an injected transport: its keys, and what it says about tokens. */
function open(change: Partial<ForeignIssuer>, { about = {}, keys }: Answers = {}) {
  const asked: string[] = [];
  const reports: string[] = [];
  const issuer = foreignIssuer(
    { ...partner, ...change },
    {
      clock,
      fetch: (input) => {
        const url = input instanceof Request ? input.url : input.toString();
        asked.push(url);
        return Promise.resolve(url.endsWith('/jwks') ? (keys ?? Response.json({ keys: [jwk] })) : Response.json(about));
      },
      onKeysNotLoaded: (name, error) => reports.push(`keys of ${name}: ${String(error)}`),
      onUnreachable: (name, error) => reports.push(`${name}: ${String(error)}`),
    },
  );
  opened.push(issuer);
  return { issuer, asked, reports };
}

async function signed(claims: Readonly<Record<string, unknown>> = {}, kid = 'k') {
  const text = await new SignJWT({
    iss: partner.issuer,
    aud: 'catalog',
    sub: 'ada',
    client_id: 'web',
    jti: 'j',
    iat: now,
    exp: now + 300,
    ...claims,
  })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
    .sign(privateKey);
  if (!isCanonicalCompactJws(text)) throw new Error('not a token');
  return text;
}

const read = readAuthorization(['Bearer opaque']);
if (read.kind !== 'opaque') throw new Error('not an opaque token');
const opaque = read.token;
const active = { active: true, aud: 'catalog', sub: 'ada', client_id: 'web', token_type: 'Bearer' };

test('what is not configured is not there', () => {
  const onlySigned = open({ introspection: undefined });
  expect(Object.keys(onlySigned.issuer).toSorted()).toEqual(['close', 'issuer', 'local', 'name', 'revocations']);
  const onlyOpaque = open({ signedTokens: undefined, introspection: { ...introspection, answersFor: ['opaque'] } });
  expect(Object.keys(onlyOpaque.issuer).toSorted()).toEqual(['issuer', 'name', 'opaque', 'revocations']);
  expect(onlyOpaque.asked).toEqual([]);
  const noSignedAnswers = open({ introspection: { ...introspection, answersFor: ['opaque'] } });
  expect(noSignedAnswers.issuer.fresh).toBeUndefined();
});

test('a signed token is verified locally, and with the issuer, whose answer says how its user authenticated', async () => {
  const { issuer } = open({}, { about: { ...active, acr: 'urn:mfa', auth_time: now - 5 } });
  const text = await signed({ acr: 'urn:mfa', auth_time: now - 5 });
  expect(await issuer.local?.verify(text)).toMatchObject({
    outcome: 'verified',
    token: { subject: 'ada', acr: 'aal2' },
  });
  expect(await issuer.fresh?.verify(text)).toMatchObject({
    outcome: 'verified',
    token: { subject: 'ada', tokenId: 'j' },
    session: { acr: 'aal2', secondFactorAt: now - 5, answeredAt: now },
  });
});

test("the token's word alone gives no second factor when the issuer says nothing of one (SUP-05)", async () => {
  const { issuer } = open({}, { about: active });
  const verification = await issuer.fresh?.verify(await signed({ acr: 'urn:mfa', auth_time: now - 5 }));
  expect(verification).toMatchObject({ outcome: 'verified', session: { answeredAt: now } });
  expect(verification).not.toHaveProperty('session.secondFactorAt');
});

test('its roles are nobody’s here, whatever its token or its answer says', async () => {
  const { issuer } = open({}, { about: { ...active, roles: ['curator'] } });
  const text = await signed({ roles: ['curator'] });
  for (const gate of [issuer.local, issuer.fresh])
    expect(await gate?.verify(text)).toMatchObject({ outcome: 'verified', token: { roles: new Set() } });
  expect(await issuer.opaque?.verify(opaque)).toMatchObject({ outcome: 'verified', token: { roles: new Set() } });
});

test('without a table nobody of the issuer has a second factor, whatever it calls its acr', async () => {
  const { issuer } = open({ acr: undefined }, { about: { ...active, acr: 'aal2', auth_time: now } });
  const verification = await issuer.fresh?.verify(await signed({ acr: 'aal2', auth_time: now }));
  expect(verification).toMatchObject({ outcome: 'verified' });
  for (const path of ['token.acr', 'session.acr', 'session.secondFactorAt']) {
    expect(verification).not.toHaveProperty(path);
  }
});

test('when a key of the issuer is gone, so is what it proved, cached or not', async () => {
  const { publicKey: next } = await generateKeyPair('ES256');
  const sets = [{ keys: [jwk] }, { keys: [{ ...(await exportJWK(next)), kid: 'k', alg: 'ES256', use: 'sig' }] }];
  const held = heldClock();
  const issuer = foreignIssuer(partner, {
    clock: held,
    fetch: () => Promise.resolve(Response.json(sets.length > 1 ? sets.shift() : sets[0])),
  });
  opened.push(issuer);
  const text = await signed();
  await issuer.local?.verify(text);
  held.advance(30);
  expect(await issuer.local?.verify(text)).toMatchObject({ outcome: 'verified' });
  // A kid that nobody knows has the keys loaded again, now that they were left alone for long enough.
  expect(await issuer.local?.verify(await signed({}, 'unknown'))).toMatchObject({ reason: 'token_key_unknown' });
  expect(await issuer.local?.verify(text)).toMatchObject({ reason: 'token_signature' });
});

test('a token that does not verify is not shown to anybody', async () => {
  const { issuer, asked } = open({}, { about: active });
  expect(await issuer.fresh?.verify(await signed({ aud: 'payments' }))).toMatchObject({ reason: 'token_audience' });
  expect(asked).toEqual(['https://partner.test/jwks']);
});

test.each<[string, Readonly<Record<string, unknown>>]>([
  ['another user', { sub: 'eve' }],
  ['another client', { client_id: 'other' }],
  ['a service', { sub: undefined }],
])('an answer about %s than the signed token is no answer', async (_name, change) => {
  const { issuer, reports } = open({}, { about: { ...active, ...change } });
  expect(await issuer.fresh?.verify(await signed())).toEqual({ outcome: 'unknown', reason: 'authority_unreachable' });
  expect(reports).toEqual(['https://partner.test: Error: the introspection answer is about another token']);
});

test("an inactive signed token is refused, and named so that its issuer's reads refuse it too", async () => {
  const { issuer } = open({}, { about: { active: false } });
  expect(await issuer.fresh?.verify(await signed())).toMatchObject({
    outcome: 'refused',
    reason: 'revoked',
    token: { tokenId: 'j' },
  });
});

test('without its keys nobody can tell, and somebody is told why', async () => {
  const { issuer, reports } = open({}, { keys: new Response('', { status: 500 }) });
  expect(await issuer.local?.verify(await signed())).toEqual({ outcome: 'unknown', reason: 'keys_unavailable' });
  expect(reports[0]).toMatch(/^keys of https:\/\/partner\.test: /);
});

test.each<[string, Partial<ForeignIssuer>, string]>([
  ['an issuer over http', { issuer: 'http://partner.test' }, 'must be https, or http on this machine'],
  ['an issuer that only begins like this machine', { issuer: 'http://localhost.evil.test' }, 'must be https'],
  ['an issuer of another scheme', { issuer: 'ftp://localhost' }, 'must be https'],
  ['an issuer that is no URL', { issuer: 'partner' }, 'is no URL'],
  ['an issuer with a query', { issuer: 'https://partner.test/?a' }, 'has a query or a fragment'],
  ['an issuer with a fragment', { issuer: 'https://partner.test/#a' }, 'has a query or a fragment'],
  ['keys over http', { signedTokens: { ...signedTokens, keySetUrl: 'http://partner.test/jwks' } }, 'the key set of'],
  [
    'an introspection endpoint over http',
    { introspection: { ...introspection, url: 'http://10.0.0.7/introspect' } },
    'the introspection endpoint of https://partner.test must be https',
  ],
  [
    'a password in a URL',
    { introspection: { ...introspection, url: 'https://me:hunter2@partner.test/' } },
    'the introspection endpoint of https://partner.test has a user or password in its URL',
  ],
  ['nothing known of it', { signedTokens: undefined, introspection: undefined }, 'neither signed tokens nor'],
  ['an endpoint for nothing', { introspection: { ...introspection, answersFor: [] } }, 'answers for no tokens'],
  ['an endpoint for unknown keys', { signedTokens: undefined }, 'where its keys are is not said'],
  [
    'signed tokens that nobody believes and nobody asks about',
    { signedTokens: { ...signedTokens, believeForSeconds: 0 }, introspection: undefined },
    'refused everywhere',
  ],
])('%s is refused at start (MET-02)', (_name, change, sentence) => {
  expect(() => open(change)).toThrow(sentence);
  expect(() => assertForeignIssuers([{ ...partner, ...change }])).toThrow(sentence);
});

test.each(['http://localhost:3000', 'http://127.0.0.1:3000', 'http://[::1]:3000', 'https://partner.test/realms/a'])(
  'an issuer at %s is fine',
  (issuer) => {
    expect(() => open({ issuer })).not.toThrow();
  },
);

test('of two foreign issuers each needs a name and an issuer of its own', () => {
  const other = { ...partner, issuer: 'https://other.test', name: 'other', introspection: undefined };
  expect(() => assertForeignIssuers([partner, other])).not.toThrow();
  expect(() => assertForeignIssuers([partner, { ...other, name: 'partner' }])).toThrow('two issuers are called');
  expect(() => assertForeignIssuers([partner, { ...other, issuer: partner.issuer }])).toThrow('is there twice');
  expect(() => assertForeignIssuers([partner, { ...other, introspection }])).toThrow('two issuers have opaque tokens');
});
