import fc from 'fast-check';
import { customFetch, validateJwtAccessToken } from 'oauth4webapi';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { isCanonicalCompactJws } from '../bearer-token.ts';
import { localVerifier } from '../local-verifier.ts';
import { openForge } from './forge.ts';
import { answer, keyServer } from './key-server.ts';

const forge = await openForge();
const { now, signed, byAttacker, authority } = forge;
const server = await keyServer(answer({ keys: [forge.jwk] }));
const trusted = { issuer: authority.issuer, jwks_uri: 'https://authority.test/keys' };

// The other implementation reads the machine's clock, and allows it thirty seconds: about `exp` it says less than our own tests.
beforeAll(() => void vi.useFakeTimers({ toFake: ['Date'], now: now * 1000 }));
afterAll(() => {
  vi.useRealTimers();
  server.close();
});

/** Mostly what is good, sometimes what is nearly so. */
const nearly = (good: unknown, ...others: readonly unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(good) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

const claims = fc.record({
  iss: nearly(authority.issuer, `${authority.issuer}/`, authority.issuer.toUpperCase(), [authority.issuer], undefined),
  aud: nearly('catalog', ['catalog'], ['payments', 'catalog'], 'payments', [], 'Catalog', undefined),
  sub: nearly('u_ada', 'web', '', 'ü', 7, undefined),
  client_id: nearly('web', 'u_ada', '', ['web'], undefined),
  exp: nearly(now + 300, now + 1, now, now - 1, now + 600, now + 601, now + 0.5, String(now + 300), 1e300, undefined),
  iat: nearly(now, now - 300, now + 10, now + 11, -1, now - 0.5, undefined),
  nbf: nearly(undefined, now, now + 10, now + 11, 0, now - 0.5, null),
  jti: nearly('jti', '', 5, undefined),
  scope: nearly('catalog:read', '', 'a  b', ['a'], undefined),
  sid: nearly('1.test', '', undefined),
  acr: nearly('aal1', 2, undefined),
  auth_time: nearly(now, 0, undefined),
  cnf: nearly(undefined, {}, { jkt: 'AAAA' }, { 'x5t#S256': 'AAAA' }, null),
  azp: nearly(undefined, 'x', { deep: ['er'] }),
});

const header = fc.record({
  typ: nearly('at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+JWT', 'JWT', undefined),
  alg: nearly('ES256', 'none', 'ES384'),
  kid: nearly('key-1', 'key-2', undefined),
  crit: nearly(undefined, [], ['b64']),
  b64: nearly(undefined, true),
  jwk: nearly(undefined, {}),
  cty: nearly(undefined, 'JWT'),
});

test('whatever we accept, validateJwtAccessToken of oauth4webapi accepts too', async () => {
  const verifier = localVerifier({
    issuer: authority.issuer,
    audience: 'catalog',
    keys: authority.keys,
    clock: forge.clock,
  });
  const decided = { accepted: 0, refused: 0 };
  const stricterThanUs: string[] = [];
  await fc.assert(
    fc.asyncProperty(claims, header, fc.nat({ max: 30 }), async (someClaims, someHeader, who) => {
      const token = who === 0 ? byAttacker(someHeader) : signed(someClaims, someHeader);
      const { outcome } = isCanonicalCompactJws(token) ? await verifier.verify(token) : { outcome: 'refused' };
      decided[outcome === 'verified' ? 'accepted' : 'refused'] += 1;
      if (outcome !== 'verified') return;
      const request = new Request('http://catalog.test', { headers: { authorization: `Bearer ${token}` } });
      await validateJwtAccessToken(trusted, request, 'catalog', { [customFetch]: () => fetch(server.url) }).catch(
        (error: unknown) => stricterThanUs.push(`${String(error)}: ${JSON.stringify([someHeader, someClaims])}`),
      );
    }),
    { numRuns: 2000 },
  );
  expect(stricterThanUs).toEqual([]);
  // Both happened often enough to mean something.
  expect(Math.min(decided.accepted, decided.refused)).toBeGreaterThan(200);
});
