import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isCanonicalCompactJws } from './bearer-token.ts';
import { localVerifier } from './local-verifier.ts';
import { heldClock, testAuthority } from './testing.ts';
import { chooseIssuer } from './trusted-issuer.ts';

const clock = heldClock();
const names = ['https://a.test', 'https://a.test/', 'https://b.test', 'https://b.test/realms/a'];
const authorities = await Promise.all(names.map((name) => testAuthority(clock, name)));
const trusted = authorities.map(({ issuer, keys }) => ({
  issuer,
  local: localVerifier({ issuer, audience: 'catalog', keys, clock }),
}));

const index = fc.nat({ max: names.length - 1 });

test('among any issuers, a token is believed exactly when the one it names is there and signed it (JWT-09)', async () => {
  await fc.assert(
    fc.asyncProperty(index, index, fc.uniqueArray(index, { minLength: 1 }), async (signer, named, present) => {
      const text = await authorities[signer]?.userToken({
        audience: 'catalog',
        scope: 's',
        claims: { iss: names[named] },
      });
      if (text === undefined || !isCanonicalCompactJws(text)) throw new Error('not a token');
      const chosen = chooseIssuer(present.flatMap((at) => trusted[at] ?? []))(text);
      const outcome = await chosen?.local.verify(text);
      expect(outcome?.outcome === 'verified').toBe(signer === named && present.includes(named));
    }),
    { numRuns: 300 },
  );
});

test('a choice is remembered for a whole text, and forgotten choices are made again (JWT-09)', async () => {
  const texts = await Promise.all(authorities.map(({ userToken }) => userToken({ audience: 'catalog', scope: 's' })));
  const [first = '', second = ''] = texts;
  const choose = chooseIssuer(trusted);
  const mixed = `${first.slice(0, first.indexOf('.'))}${second.slice(second.indexOf('.'))}`;
  const nameOf = (text: string) => (isCanonicalCompactJws(text) ? choose(text)?.issuer : 'no token');
  const rightly = () => expect([...texts, mixed].map(nameOf)).toEqual([...names, names[1]]);
  // Not kept, kept, looked up.
  rightly();
  rightly();
  rightly();
  for (let other = 0; other < 10_001; other += 1) nameOf(`${second}${other.toString(36).padStart(4, 'A')}`);
  rightly();
});
