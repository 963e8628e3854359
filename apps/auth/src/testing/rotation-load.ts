import { isCanonicalCompactJws, localVerifier, remoteKeys, type Clock } from '@sallyport/auth';
import { keyLifetimes } from '../keys/key-life.ts';
import { openKeyRing } from '../keys/key-ring.ts';
import { oauthPaths } from '../oauth/metadata.ts';
import { mintServiceToken } from '../tokens/access-token.ts';
import type { RunningAuthority } from './running-authority.ts';

const cacheSeconds = 60;
const tokenSeconds = 300;
const stepSeconds = 5;

/** What came of it: how often keys changed, how many tokens were looked at, and what was said of those that were refused. */
export type LoadOutcome = Readonly<{ rotations: number; verified: number; refusals: readonly string[] }>;

/**
 * Two processes sign with keys that rotate by themselves, about every two minutes, while three services verify what is alive: over
 * real HTTP, through a cache that hands out sets of up to a minute ago, and with strangers who invent `kid`s all the time, so that
 * nobody may load the set just when they would like to. The time is moved on; each process reads the keys as late as it may.
 */
export async function rotateUnderLoad(auth: RunningAuthority, rotations: number): Promise<LoadOutcome> {
  const { database, sealer } = auth.authority;
  const keyLife = keyLifetimes({
    keySetMaxAgeSeconds: cacheSeconds,
    tokenSeconds,
    rereadSeconds: stepSeconds,
    signingSeconds: 100,
  });
  const rings = await Promise.all(
    [0, 1].map(() => openKeyRing({ database, sealer, now: auth.now, keyLife }, () => {})),
  );
  const startedAtMs = auth.now();
  const clock: Clock = {
    epochSeconds: () => Math.floor(auth.now() / 1000),
    monotonicMs: () => auth.now() - startedAtMs,
  };
  const verifiers = await Promise.all([0, 1, 2].map(() => openVerifier(auth, clock)));
  const seen = new Set<string>();
  const refusals: string[] = [];
  let alive: Readonly<{ token: string; endsAt: number }>[] = [];
  let verified = 0;

  for (let step = 0; seen.size <= rotations; step += 1) {
    auth.advance(stepSeconds);
    // They take turns: one is always behind the other.
    await rings[step % 2]?.tend();
    for (const keys of rings) {
      seen.add(keys.signing().keyId);
      const minting = { ...auth.authority, keys };
      const { token } = mintServiceToken(
        minting,
        { clientId: 'catalog', serial: 1 },
        { audience: 'catalog', scope: ['s'] },
      );
      alive.push({ token, endsAt: clock.epochSeconds() + tokenSeconds });
    }
    alive = alive.filter(({ endsAt }) => endsAt > clock.epochSeconds());
    // Those that have just begun, and those that are about to end: what lies between is like one of them.
    const looked = [...alive.slice(0, 6), ...alive.slice(-6)];
    const answers = await Promise.all(
      verifiers.flatMap(({ verify, strangers }) => [strangers(), ...looked.map(({ token }) => verify(token))]),
    );
    verified += answers.length;
    refusals.push(...answers.filter((answer) => answer !== 'verified' && answer !== 'stranger'));
  }
  for (const ring of rings) ring.close();
  for (const { close } of verifiers) close();
  return { rotations: seen.size - 1, verified, refusals };
}

async function openVerifier(auth: RunningAuthority, clock: Clock) {
  let cached: Readonly<{ text: string; atMs: number }> | undefined;
  const throughCache: typeof fetch = async (input, init) => {
    if (cached === undefined || clock.monotonicMs() - cached.atMs >= cacheSeconds * 1000) {
      const atMs = clock.monotonicMs();
      cached = { text: await (await fetch(input, init)).text(), atMs };
    }
    return new Response(cached.text, { headers: { 'content-type': 'application/json' } });
  };
  const keys = remoteKeys({ url: `${auth.issuer}${oauthPaths.keys}`, clock, fetch: throughCache });
  await keys.refreshNow();
  const verifier = localVerifier({ issuer: auth.issuer, audience: 'catalog', keys, clock });
  const outcomeOf = async (token: string): Promise<string> => {
    if (!isCanonicalCompactJws(token)) return 'malformed';
    const found = await verifier.verify(token);
    return found.outcome === 'verified' ? 'verified' : `${found.outcome}: ${found.reason}`;
  };
  return {
    verify: outcomeOf,
    /** Asks for a key that is nobody's, which uses up the load that the cooldown allows. */
    strangers: async (): Promise<string> => {
      await keys.refresh();
      return 'stranger';
    },
    close: keys.close,
  };
}
