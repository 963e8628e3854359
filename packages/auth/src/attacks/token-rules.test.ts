import { createServer } from 'node:http';
import { afterAll, expect, test } from 'vitest';
import { isCanonicalCompactJws } from '../bearer-token.ts';
import { localVerifier } from '../local-verifier.ts';
import { transactionVerifier } from '../propagation.ts';
import { openRequest } from '../request-context.ts';
import { heldClock, testAuthority, testGates } from '../testing.ts';
import { orderOfP256 } from './algorithm-shapes.ts';
import { openForge } from './forge.ts';
import { postSentry, refusedToken } from './sentry.ts';

const forge = await openForge();
const sentry = await postSentry(forge);
afterAll(sentry.close);

test.each(['at+jwt', 'AT+JWT', 'At+Jwt', 'application/at+jwt', 'APPLICATION/AT+JWT'])(
  'typ %s is an access token, as media types are compared without case (JWT-12, ATP-04)',
  async (typ) => {
    expect(await sentry.local(forge.signed({}, { typ }))).toMatchObject({ heard: 'admitted' });
  },
);

test('a token is good until the second before exp, and no longer: no leeway (ATP-08)', async () => {
  const { clock, authority } = await openForge();
  const { keys, issuer } = authority;
  const verifier = localVerifier({ issuer, audience: 'catalog', keys: forge.authority.keys, clock });
  const token = forge.signed({ iat: forge.now, exp: forge.now + 2 });
  if (!isCanonicalCompactJws(token)) throw new Error('not a token');
  const outcomes: string[] = [];
  for (const seconds of [0, 1, 1, 1]) {
    clock.advance(seconds);
    outcomes.push((await verifier.verify(token)).outcome);
  }
  expect(outcomes).toEqual(['verified', 'verified', 'refused', 'refused']);
  expect(keys.usable()).toBe(true);
});

/** What has our issuer's signature, our audience, and every claim that either verifier asks for: only `typ` tells them apart. */
const kinds = [
  'at+jwt',
  'txntoken+jwt',
  'token-introspection+jwt',
  'JWT',
  'id+jwt',
  'logout+jwt',
  'dpop+jwt',
  'secevent+jwt',
  'client-authentication+jwt',
  'oauth-authz-req+jwt',
  undefined,
];

test.each(kinds)('a token of type %s passes only where that type is asked for (JWT-13)', async (typ) => {
  const { clock, authority, signed, now } = forge;
  const { issuer, keys } = authority;
  const text = signed(
    { exp: now + 60, txn: 't', req_wl: 'payments', nonce: 'n', htm: 'GET', htu: 'http://x', events: {} },
    { typ },
  );
  if (!isCanonicalCompactJws(text)) throw new Error('not a token');
  const verifiers = {
    'at+jwt': localVerifier({ issuer, audience: 'catalog', keys, clock }),
    'txntoken+jwt': { verify: transactionVerifier({ issuer, trustDomain: 'catalog', keys, clock }) },
  };
  const passed: string[] = [];
  for (const [expected, verifier] of Object.entries(verifiers))
    if ((await verifier.verify(text)).outcome === 'verified') passed.push(expected);
  expect(passed).toEqual(Object.keys(verifiers).filter((expected) => expected === typ));
});

test('a key or a URL that a token brings along is never looked at: nobody calls (JWT-11)', async () => {
  let hits = 0;
  const canary = createServer((_request, response) => {
    hits += 1;
    response.end(JSON.stringify({ keys: [{ ...forge.attackerJwk, kid: 'key-1', alg: 'ES256' }] }));
  });
  canary.on('connection', () => (hits += 1));
  await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
  const address = canary.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const url = `http://127.0.0.1:${port}/keys`;
  try {
    for (const member of ['jku', 'x5u', 'kid', 'iss', 'jwks_uri', 'url']) {
      for (const token of [
        forge.byAttacker({ [member]: url }),
        forge.signed({}, { [member]: url }),
        forge.signed({ [member]: url }),
      ])
        await sentry.local(token);
      expect(await sentry.local(forge.byAttacker({ [member]: url }))).toMatchObject({ heard: refusedToken });
    }
    expect(hits).toBe(0);
    // It does hear who calls.
    await fetch(url);
    expect(hits).toBeGreaterThan(0);
  } finally {
    canary.closeAllConnections();
    canary.close();
  }
});

test("an ES256 signature has a twin (r, n − s), which is the same token: it ends with the first one's jti", async () => {
  const clock = heldClock();
  const authority = await testAuthority(clock);
  const { gates, revocations } = await testGates(authority, 'catalog');
  const standing = (token: string) => {
    const headers = (name: string) => (name === 'Authorization' ? [`Bearer ${token}`] : []);
    return openRequest({ gates, clock, headers, tiers: ['authenticatedRead'] }).standing('bearer');
  };
  const token = await authority.userToken({ audience: 'catalog', scope: 's', claims: { jti: 'the-one' } });
  const [header, claims, signature = ''] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const s = orderOfP256 - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  const other = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
  const twin = `${header}.${claims}.${other.toString('base64url')}`;

  expect(twin).not.toBe(token);
  for (const text of [token, twin])
    expect(await standing(text)).toMatchObject({ kind: 'known', token: { tokenId: 'the-one' } });
  authority.revoke({ kind: 'token', tokenId: 'the-one' });
  for (const text of [token, twin]) expect(await standing(text)).toEqual({ kind: 'refused', reason: 'revoked' });
  revocations.close();
});

test('a key that is denied over the feed stops to count at once, also for tokens that were cached', async () => {
  const clock = heldClock();
  const authority = await testAuthority(clock);
  const { gates, revocations } = await testGates(authority, 'catalog');
  const token = await authority.userToken({ audience: 'catalog', scope: 's' });
  const headers = (name: string) => (name === 'Authorization' ? [`Bearer ${token}`] : []);
  const standing = () => openRequest({ gates, clock, headers, tiers: ['authenticatedRead'] }).standing('bearer');
  expect(await standing()).toMatchObject({ kind: 'known' });
  authority.revoke({ kind: 'key', keyId: 'key-1' });
  // Within one turn: nothing was waited for, and no key was loaded anew.
  expect(await standing()).toEqual({ kind: 'refused', reason: 'revoked' });
  revocations.close();
});

test('a key that is published no longer proves nothing, also for tokens that were cached', async () => {
  const clock = heldClock();
  const authority = await testAuthority(clock);
  const { gates, revocations } = await testGates(authority, 'catalog');
  const token = await authority.userToken({ audience: 'catalog', scope: 's' });
  const headers = (name: string) => (name === 'Authorization' ? [`Bearer ${token}`] : []);
  const standing = () => openRequest({ gates, clock, headers, tiers: ['authenticatedRead'] }).standing('bearer');
  await authority.rotateKey('key-2');
  expect(await standing()).toMatchObject({ kind: 'known' });
  await authority.withdrawKey('key-1');
  expect(await standing()).toEqual({ kind: 'refused', reason: 'token_key_unknown' });
  // Another key under the same kid is another key.
  await authority.rotateKey('key-1');
  expect(await standing()).toEqual({ kind: 'refused', reason: 'token_signature' });
  revocations.close();
});
