import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isCanonicalCompactJws, type BearerToken } from './bearer-token.ts';
import { cachingVerifier, type CachingOptions } from './caching-verifier.ts';
import { heldClock } from './testing.ts';
import type { TokenVerifier, VerifiedToken, Verification } from './token-verifier.ts';

function tokenNamed(name: string): BearerToken {
  const text = `AAAA.${Buffer.from(`${name}--`).toString('base64url')}.AAAA`;
  if (!isCanonicalCompactJws(text)) throw new Error('not a token');
  return text;
}

function counting(clock: ReturnType<typeof heldClock>, expiresAt = clock.epochSeconds() + 300) {
  const asked: string[] = [];
  const inner: TokenVerifier = {
    maxLifetimeSeconds: 600,
    verify: (text): Verification => {
      asked.push(text);
      if (text === tokenNamed('bad')) return { outcome: 'refused', reason: 'token_signature' };
      const token: VerifiedToken = {
        kind: 'user',
        issuer: 'i',
        subject: text,
        client: 'c',
        audience: 'a',
        scope: new Set<string>(),
        roles: new Set<string>(),
        tokenId: text,
        keyId: 'k',
        issuedAt: 1,
        expiresAt,
      };
      return { outcome: 'verified', token, checkedAtMs: clock.monotonicMs() };
    },
  };
  return { asked, inner };
}

const names = ['one', 'two', 'three', 'wide', ...Array.from({ length: 12 }, (_, index) => `token-${index}`)];

describe.each(['each', 'returning'] as const)('where a cache keeps tokens: %s', (keep) => {
  /** Where it keeps those that come again, each of these has come once. */
  async function cached(
    { asked, inner }: ReturnType<typeof counting>,
    options: CachingOptions,
  ): Promise<TokenVerifier> {
    const verifier = cachingVerifier(inner, { ...options, keep });
    if (keep === 'returning') for (const name of names) await verifier.verify(tokenNamed(name));
    asked.length = 0;
    return verifier;
  }

  test('what is remembered counts until it is too old at the moment of the decision, by the clock that it was remembered by', async () => {
    const clock = heldClock();
    const { asked, inner } = counting(clock);
    const verifier = await cached({ asked, inner }, { clock });
    await verifier.verify(tokenNamed('one'));
    const momentAt = (monotonicMs: number, of = clock) => ({ clock: of, monotonicMs });
    await verifier.verify(tokenNamed('one'), undefined, momentAt(4999));
    expect(asked).toHaveLength(1);
    await verifier.verify(tokenNamed('one'), undefined, momentAt(5000, heldClock()));
    expect(asked, 'of another clock').toHaveLength(1);
    await verifier.verify(tokenNamed('one'), undefined, momentAt(5000));
    expect(asked).toHaveLength(2);
  });

  test('a token is checked once in five seconds, and again after', async () => {
    const clock = heldClock();
    const { asked, inner } = counting(clock);
    const verifier = await cached({ asked, inner }, { clock });
    await verifier.verify(tokenNamed('one'));
    clock.advance(4.9);
    await verifier.verify(tokenNamed('one'));
    expect(asked.length).toBe(1);
    clock.advance(0.1);
    await verifier.verify(tokenNamed('one'));
    expect(asked.length).toBe(2);
  });

  test('tokens that end alike are never answered for each other, however often they come', async () => {
    const verifier = await cached(counting(heldClock()), {});
    const alike = ['aaa', 'bbb', 'ccc'].map((beginning) => tokenNamed(`${beginning} and the same ending`));
    expect(new Set(alike.map((token) => token.slice(-12))).size).toBe(1);
    for (const token of [...alike, ...alike, ...alike.flatMap((each) => [each, each, each]), ...alike.toReversed()])
      expect(await verifier.verify(token)).toMatchObject({ outcome: 'verified', token: { subject: token } });
  });

  test('a cached token is not accepted past its exp', async () => {
    const clock = heldClock();
    const { asked, inner } = counting(clock, clock.epochSeconds() + 2);
    const verifier = await cached({ asked, inner }, { clock });
    await verifier.verify(tokenNamed('one'));
    clock.advance(2);
    await verifier.verify(tokenNamed('one'));
    expect(asked.length).toBe(2);
  });

  test('a calendar that jumps past exp ends a cached token, whatever the monotonic clock says', async () => {
    const held = heldClock();
    let jumpedSeconds = 0;
    const clock = { ...held, epochSeconds: () => held.epochSeconds() + jumpedSeconds };
    const { asked, inner } = counting(held);
    const verifier = await cached({ asked, inner }, { clock });
    await verifier.verify(tokenNamed('one'));
    jumpedSeconds = 300;
    await verifier.verify(tokenNamed('one'));
    expect(asked.length).toBe(2);
  });

  test('a refusal is not remembered', async () => {
    const clock = heldClock();
    const { asked, inner } = counting(clock);
    const verifier = await cached({ asked, inner }, { clock });
    await verifier.verify(tokenNamed('bad'));
    await verifier.verify(tokenNamed('bad'));
    expect(asked.length).toBe(2);
  });

  test('no token is ever answered with what another says, however many there are', async () => {
    const shown = fc.array(fc.constantFrom(...names), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(shown, async (asked) => {
        const clock = heldClock();
        const verifier = await cached(counting(clock), { clock, maxEntries: 3, maxBytes: 1600 });
        for (const name of asked) {
          const verification = await verifier.verify(tokenNamed(name));
          expect(verification).toMatchObject({ outcome: 'verified', token: { subject: tokenNamed(name) } });
        }
      }),
    );
  });

  test('the cache keeps to its bounds: the oldest entries go', async () => {
    const clock = heldClock();
    const { asked, inner } = counting(clock);
    const verifier = await cached({ asked, inner }, { clock, maxEntries: 2 });
    for (const name of ['one', 'two', 'three', 'two', 'three', 'one']) await verifier.verify(tokenNamed(name));
    expect(asked).toEqual(['one', 'two', 'three', 'one'].map(tokenNamed));
  });

  test('the cache keeps to its bytes, and a token with many scopes takes more of them', async () => {
    const clock = heldClock();
    const { asked, inner } = counting(clock);
    const many = new Set(Array.from({ length: 100 }, (_, index) => `scope-${index}`));
    const wide: TokenVerifier = {
      ...inner,
      verify: async (text) => {
        const verification = await inner.verify(text);
        if (verification.outcome !== 'verified' || text !== tokenNamed('wide')) return verification;
        return { ...verification, token: { ...verification.token, scope: many } };
      },
    };
    const verifier = await cached({ asked, inner: wide }, { clock, maxBytes: 1500 });
    for (const name of ['one', 'two', 'three', 'two', 'three', 'one']) await verifier.verify(tokenNamed(name));
    expect(asked).toEqual(['one', 'two', 'three', 'one'].map(tokenNamed));
    asked.length = 0;
    // More than all there is: nothing is kept, not even itself.
    for (const name of ['wide', 'wide', 'one', 'one']) await verifier.verify(tokenNamed(name));
    expect(asked).toEqual(['wide', 'wide', 'one'].map(tokenNamed));
  });

  test('what was verified in one epoch of keys is not believed in another, nor what was being verified as it ended', async () => {
    const clock = heldClock();
    const { asked, inner } = counting(clock);
    let epoch = 0;
    let meanwhile = (): void => {};
    const slow: TokenVerifier = {
      ...inner,
      verify: async (text) => {
        const verification = await inner.verify(text);
        meanwhile();
        return verification;
      },
    };
    const verifier = await cached({ asked, inner: slow }, { clock, epoch: () => epoch });
    await verifier.verify(tokenNamed('one'));
    await verifier.verify(tokenNamed('one'));
    expect(asked.length).toBe(1);
    epoch = 1;
    await verifier.verify(tokenNamed('one'));
    expect(asked.length).toBe(2);
    meanwhile = () => (epoch = 2);
    await verifier.verify(tokenNamed('two'));
    meanwhile = () => {};
    await verifier.verify(tokenNamed('two'));
    expect(asked.length).toBe(4);
  });
});
