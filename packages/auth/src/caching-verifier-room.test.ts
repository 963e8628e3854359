import { expect, test } from 'vitest';
import { isCanonicalCompactJws, type BearerToken } from './bearer-token.ts';
import { cachingVerifier, type CachingOptions } from './caching-verifier.ts';
import { heldClock } from './testing.ts';
import type { VerifiedToken } from './token-verifier.ts';

const good: VerifiedToken = {
  kind: 'user',
  issuer: 'i',
  subject: 's',
  client: 'c',
  audience: 'a',
  scope: new Set<string>(),
  roles: new Set<string>(),
  tokenId: 't',
  keyId: 'k',
  issuedAt: 1,
  expiresAt: 1_800_000_300,
};

function tokenOf(length: number, letter = 'A'): BearerToken {
  return canonical(`AAAA.${letter.repeat(length)}.AAAA`);
}

function endingIn(signature: string): BearerToken {
  return canonical(`AAAA.AAAA.${signature}`);
}

function canonical(text: string): BearerToken {
  if (!isCanonicalCompactJws(text)) throw new Error('not a token');
  return text;
}

/** A cache over a verifier that says yes to everything, and counts. */
function open(options: CachingOptions, changes: Partial<VerifiedToken> = {}) {
  const clock = { ...heldClock(), ...options.clock };
  let asked = 0;
  const verify = async () => {
    asked += 1;
    return { outcome: 'verified', token: { ...good, ...changes }, checkedAtMs: clock.monotonicMs() } as const;
  };
  const verifier = cachingVerifier({ maxLifetimeSeconds: 600, verify }, { ...options, clock });
  /** How many of these had to be checked. */
  const checked = async (...tokens: readonly BearerToken[]): Promise<number> => {
    const before = asked;
    for (const token of tokens) await verifier.verify(token);
    return asked - before;
  };
  return { verifier, checked };
}

test('a token that is checked twice at once takes room once', async () => {
  const { verifier, checked } = open({ maxBytes: 3000 });
  const [one, two] = [tokenOf(400, 'A'), tokenOf(400, 'B')];
  await Promise.all([verifier.verify(one), verifier.verify(one), verifier.verify(one)]);
  await verifier.verify(two);
  expect(await checked(one, two)).toBe(0);
});

test('where only those that come again are kept, a token is checked twice, and one that comes once takes no room', async () => {
  const { checked } = open({ maxEntries: 1, keep: 'returning' });
  const [steady, passing] = [endingIn('Steady__'), endingIn('Passing_')];
  expect(await checked(steady, steady, steady, steady)).toBe(2);
  expect(await checked(passing, steady)).toBe(1);
  expect(await checked(passing, passing, steady)).toBe(2);
});

test('a long token takes more room than a short one', async () => {
  const { checked } = open({ maxBytes: 12_000 });
  expect(await checked(tokenOf(400, 'A'), tokenOf(400, 'B'), tokenOf(400, 'A'))).toBe(2);
  expect(await checked(tokenOf(4000, 'A'), tokenOf(4000, 'B'), tokenOf(4000, 'A'))).toBe(3);
});

test('roles take room as scopes do', async () => {
  const many = new Set(Array.from({ length: 16 }, (_, index) => `role-${index}`));
  const [one, two] = [tokenOf(400, 'A'), tokenOf(400, 'B')];
  expect(await open({ maxBytes: 3000 }).checked(one, two, one)).toBe(2);
  expect(await open({ maxBytes: 3000 }, { roles: many }).checked(one, two, one)).toBe(3);
  expect(await open({ maxBytes: 3000 }, { scope: many, roles: many }).checked(one, two, one)).toBe(3);
});

test('a calendar that is put back does not lengthen the life of what is remembered', async () => {
  const held = heldClock();
  let putBackSeconds = 0;
  const clock = { ...held, epochSeconds: () => held.epochSeconds() - putBackSeconds };
  const { checked } = open({ clock }, { expiresAt: held.epochSeconds() + 2 });
  expect(await checked(tokenOf(400))).toBe(1);
  putBackSeconds = 3600;
  held.advance(1.9);
  expect(await checked(tokenOf(400))).toBe(0);
  held.advance(0.1);
  expect(await checked(tokenOf(400))).toBe(1);
});
