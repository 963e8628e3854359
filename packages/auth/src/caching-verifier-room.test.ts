import { describe, expect, test } from 'vitest';
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
  const met = new Set<BearerToken>();
  /** Where those that come again are kept, each token has come once before. */
  const meet = async (token: BearerToken): Promise<void> => {
    if (options.keep === 'returning' && !met.has(token)) await verifier.verify(token);
    met.add(token);
  };
  /** How many of these had to be checked. */
  const checked = async (...tokens: readonly BearerToken[]): Promise<number> => {
    let count = 0;
    for (const token of tokens) {
      await meet(token);
      const before = asked;
      await verifier.verify(token);
      count += asked - before;
    }
    return count;
  };
  return { verifier, checked, meet };
}

test('by default only those that come again are kept: a token is checked twice, and one that comes once takes no room', async () => {
  const { checked } = open({ maxEntries: 1 });
  const [steady, passing] = [endingIn('Steady__'), endingIn('Passing_')];
  expect(await checked(steady, steady, steady, steady)).toBe(2);
  expect(await checked(passing, steady)).toBe(1);
  expect(await checked(passing, passing, steady)).toBe(2);
});

describe.each(['each', 'returning'] as const)('where a cache keeps tokens: %s', (keep) => {
  test('a token that is checked twice at once takes room once', async () => {
    const { verifier, checked, meet } = open({ maxBytes: 3000, keep });
    const [one, two] = [tokenOf(400, 'A'), tokenOf(400, 'B')];
    await Promise.all([meet(one), meet(two)]);
    await Promise.all([verifier.verify(one), verifier.verify(one), verifier.verify(one)]);
    await verifier.verify(two);
    expect(await checked(one, two)).toBe(0);
  });

  test('a long token takes more room than a short one', async () => {
    const bounds = { maxBytes: 12_000, keep };
    expect(await open(bounds).checked(tokenOf(400, 'A'), tokenOf(400, 'B'), tokenOf(400, 'A'))).toBe(2);
    expect(await open(bounds).checked(tokenOf(4000, 'A'), tokenOf(4000, 'B'), tokenOf(4000, 'A'))).toBe(3);
  });

  test('roles take room as scopes do', async () => {
    const many = new Set(Array.from({ length: 16 }, (_, index) => `role-${index}`));
    const [one, two] = [tokenOf(400, 'A'), tokenOf(400, 'B')];
    expect(await open({ maxBytes: 3000, keep }).checked(one, two, one)).toBe(2);
    expect(await open({ maxBytes: 3000, keep }, { roles: many }).checked(one, two, one)).toBe(3);
    expect(await open({ maxBytes: 3000, keep }, { scope: many, roles: many }).checked(one, two, one)).toBe(3);
  });

  test('a calendar that is put back does not lengthen the life of what is remembered', async () => {
    const held = heldClock();
    let putBackSeconds = 0;
    const clock = { ...held, epochSeconds: () => held.epochSeconds() - putBackSeconds };
    const { checked } = open({ clock, keep }, { expiresAt: held.epochSeconds() + 2 });
    expect(await checked(tokenOf(400))).toBe(1);
    putBackSeconds = 3600;
    held.advance(1.9);
    expect(await checked(tokenOf(400))).toBe(0);
    held.advance(0.1);
    expect(await checked(tokenOf(400))).toBe(1);
  });
});
