import fc from 'fast-check';
import { followRevocations } from '../revocation-feed.ts';
import { goodNetwork, hostileNetwork, type Network } from './hostile-network.ts';
import { virtualTime } from './virtual-time.ts';

type Step =
  | Readonly<{ do: 'commit'; times: number }>
  | Readonly<{ do: 'wait'; milliseconds: number }>
  | Readonly<{ do: 'network'; becomes: Partial<Network> }>
  | Readonly<{ do: 'cut'; silently: boolean }>
  /** The authority restarts from an older state and counts on from there at once. */
  | Readonly<{ do: 'restart'; losing: number; thenCommits: number; silently: boolean }>
  | Readonly<{ do: 'distrust' }>;

const network = fc.record<Network>({
  streamDelayMs: fc.constantFrom(0, 30, 900, 3000, 8000),
  reorderWithinMs: fc.constantFrom(0, 0, 50, 2000),
  lost: fc.constantFrom(0, 0, 0.2, 0.7),
  twice: fc.constantFrom(0, 0, 0.4),
  frozen: fc.boolean(),
  questionDelayMs: fc.constantFrom(0, 20, 300, 900),
  questionsLost: fc.constantFrom(false, false, true),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('commit'), times: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('wait'), milliseconds: fc.integer({ min: 1, max: 5000 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('network'), becomes: network }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('network'), becomes: fc.constant(goodNetwork) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut'), silently: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('restart'),
      losing: fc.nat(4),
      thenCommits: fc.nat(6),
      silently: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('distrust') }) },
) as fc.Arbitrary<Step>;

/** Milliseconds after which a follower on a good network again knows all, whatever happened before. */
const healedWithinMs = 12_000;

/**
 * Whatever the network and the authority do: what was committed before the moment that the follower claims to know
 * everything up to, and is still held by the authority, is in force at the follower; what was in force once stays so; and
 * when all is well again, so is the follower.
 */
export const hostileFeedProperty = fc.asyncProperty(
  fc.array(step, { minLength: 5, maxLength: 40 }),
  fc.integer({ min: 1, max: 2 ** 31 - 2 }),
  async (steps, seed) => {
    const time = virtualTime();
    const far = hostileNetwork(time, randomFrom(seed));
    const feed = followRevocations(far.source, { clock: time, timers: time, random: randomFrom(seed + 1) });
    const isRevoked = (tokenId: string): boolean => feed.isRevoked({ tokenId, subject: 's', client: 'c', keyId: 'k' });
    const inForce = new Set<string>();

    function check(): void {
      const knownUpToMs = time.monotonicMs() - feed.silenceMs();
      for (const { event, committedAtMs } of far.commits()) {
        if (event.kind !== 'token') continue;
        const isHere = isRevoked(event.tokenId);
        if (isHere) inForce.add(event.tokenId);
        if (committedAtMs < knownUpToMs && !isHere)
          throw new Error(
            `${event.tokenId} of ${committedAtMs} ms is missing, but all up to ${knownUpToMs} ms is claimed`,
          );
      }
      for (const tokenId of inForce) if (!isRevoked(tokenId)) throw new Error(`${tokenId} was taken back`);
    }

    async function wait(milliseconds: number): Promise<void> {
      for (let left = milliseconds; left > 0; left -= 100) {
        await time.advance(Math.min(100, left));
        check();
      }
    }

    async function take(next: Step): Promise<void> {
      switch (next.do) {
        case 'commit':
          for (let count = 0; count < next.times; count += 1) far.commit();
          return;
        case 'wait':
          return wait(next.milliseconds);
        case 'network':
          return far.become({ ...goodNetwork, ...next.becomes });
        case 'cut':
          return far.cut(next.silently);
        case 'restart':
          far.lose(Math.max(0, far.commits().length - next.losing));
          for (let count = 0; count < next.thenCommits; count += 1) far.commit();
          return far.cut(next.silently);
        case 'distrust':
          return feed.distrust('for a reason');
      }
    }

    for (const next of steps) {
      await take(next);
      await time.advance(0);
      check();
    }
    far.become(goodNetwork);
    await wait(healedWithinMs);
    if (feed.silenceMs() > 1100) throw new Error(`not alive ${healedWithinMs} ms after all was well again`);
    if (feed.position() !== far.commits().length) throw new Error('not at the authority’s position');
    feed.close();
  },
);

/** Park and Miller's generator: the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed % 2_147_483_647 || 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
