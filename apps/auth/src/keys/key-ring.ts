import { createPrivateKey, type KeyObject } from 'node:crypto';
import { countEpochs, readKeySet, type VerificationKey, type VerificationKeys } from '@sallyport/auth';
import { gt, isNull, or } from 'drizzle-orm';
import { signingKeys } from '../schema.ts';
import { planKeys, rereadSeconds, stateOf } from './key-life.ts';
import type { PublicKeyJwk } from './public-key.ts';
import type { Sealer } from './sealed-secret.ts';
import { keyPlace, lifeOf, tendSigningKeys, type KeyStore, type SigningKeyRow } from './signing-keys.ts';

type SigningKey = Readonly<{ keyId: string; privateKey: KeyObject }>;

/** The authority's keys, as one process holds them. */
export type KeyRing = Readonly<{
  /** The key that signs now. Throws when there is none. */
  signing: () => SigningKey;
  /** Public keys that verifiers need: announced, signing and verifying ones. Public members only. */
  published: () => readonly PublicKeyJwk[];
  /** The same keys, for verifying in this process. */
  verification: VerificationKeys;
  /** Reads the table again, as happens by itself every few seconds. The reading begins after the call. */
  reread: () => Promise<void>;
  /** Reads again, and does what is due: a key announces its successor in time. Happens by itself every few seconds. */
  tend: () => Promise<void>;
  close: () => void;
}>;

type HeldKey = Readonly<{ signing: SigningKey; publicJwk: PublicKeyJwk; verification: VerificationKey }>;
/** A key with the times that were read last. */
type TimedKey = Readonly<{ times: SigningKeyRow; key: HeldKey }>;

/**
 * Reads the keys, and goes on doing so; makes the first one when there is none, and announces the next when it is due. Keeps
 * what it has when a later read fails.
 */
export async function openKeyRing(store: KeyStore, onRereadFailed: (error: unknown) => void): Promise<KeyRing> {
  let held: readonly TimedKey[] = [];
  let readAtMs = 0;
  const reread = oneAfterAnother(async () => {
    readAtMs = performance.now();
    held = await readKeys(store, held);
  });
  const tend = async (): Promise<void> => {
    await reread();
    // What was read says whether anything is due; the turn, which is taken then, says whether it still is.
    const { changes, adds } = planKeys(
      held.map(({ times }) => times),
      { kind: 'tend' },
      { now: new Date(store.now()), life: lifeOf(store) },
    );
    if (changes.length === 0 && adds === undefined) return;
    await tendSigningKeys(store);
    await reread();
  };
  await tend();
  const timer = setInterval(() => void tend().catch(onRereadFailed), rereadSeconds * 1000);
  timer.unref();

  const epochOf = countEpochs();
  let present = keysPresent(held, store.now(), epochOf);
  // Looked at for each token that is checked here: what was found holds until the clock reaches a key's next time, or keys were read.
  const now = (): PresentKeys => {
    const atMs = store.now();
    const holds = present.of === held && atMs >= present.fromMs && atMs < present.untilMs;
    return holds ? present : (present = keysPresent(held, atMs, epochOf));
  };

  return {
    signing() {
      const key = now().signing;
      if (key === undefined) throw new Error('There is no signing key.');
      return key.signing;
    },
    published: () => now().usable.map((key) => key.publicJwk),
    verification: {
      find: (keyId) => now().usable.find((key) => key.verification.keyId === keyId)?.verification,
      // An unknown `kid` may be a key that another process began to sign with just now. A stranger's costs a read a
      // second.
      refresh: async () => {
        if (performance.now() - readAtMs > 1000) await reread().catch(onRereadFailed);
      },
      usable: () => held.length > 0,
      // Keys end by the clock, so the epoch is counted when somebody asks.
      epoch: () => now().epoch,
    },
    reread,
    tend,
    close: () => clearInterval(timer),
  };
}

/** What the keys are from one moment on, until another. States follow from the clock, and not from when the keys were read. */
type PresentKeys = Readonly<{
  of: readonly TimedKey[];
  fromMs: number;
  /** A key begins to sign then, or ends. */
  untilMs: number;
  signing: HeldKey | undefined;
  /** Announced, signing and verifying ones. */
  usable: readonly HeldKey[];
  epoch: number;
}>;

function keysPresent(of: readonly TimedKey[], fromMs: number, epochOf: ReturnType<typeof countEpochs>): PresentKeys {
  const allTimes = of.map(({ times }) => times);
  const states = of.map(({ times, key }) => ({ key, state: stateOf(times, allTimes, new Date(fromMs)) }));
  const usable = states.filter(({ state }) => state !== 'retired').map(({ key }) => key);
  const changes = allTimes.flatMap(({ signsFrom, retiresAt }) => [
    signsFrom.getTime(),
    retiresAt?.getTime() ?? Infinity,
  ]);
  return {
    of,
    fromMs,
    untilMs: Math.min(...changes.filter((atMs) => atMs > fromMs)),
    signing: states.find(({ state }) => state === 'signing')?.key,
    usable,
    epoch: epochOf(usable.map((key) => key.verification)),
  };
}

/** One run at a time. Whoever calls while one is under way shares the next, which begins later than their call. */
function oneAfterAnother(run: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  const begin = (): Promise<void> => {
    next = undefined;
    current = run();
    return current;
  };
  return () => (next ??= current.then(begin, begin));
}

async function readKeys({ database, sealer, now }: KeyStore, known: readonly TimedKey[]): Promise<TimedKey[]> {
  const rows = await database
    .select()
    .from(signingKeys)
    .where(or(isNull(signingKeys.retiresAt), gt(signingKeys.retiresAt, new Date(now()))))
    .orderBy(signingKeys.signsFrom, signingKeys.kid);
  return Promise.all(
    rows.map(async (row) => {
      const before = known.find(({ key }) => key.signing.keyId === row.kid);
      return { times: row, key: before?.key ?? (await openKey(row, sealer)) };
    }),
  );
}

async function openKey({ kid, publicJwk, sealedPrivateKey }: SigningKeyRow, sealer: Sealer): Promise<HeldKey> {
  const secret = sealer.open(sealedPrivateKey, keyPlace(kid));
  const privateKey = createPrivateKey({ key: secret, type: 'pkcs8', format: 'der' });
  // Checked as every other verifier will.
  const verification = (await readKeySet({ keys: [publicJwk] }, ['ES256'])).get(kid);
  if (verification === undefined) throw new Error(`The signing key ${kid} is not what verifiers accept.`);
  return { signing: { keyId: kid, privateKey }, publicJwk, verification };
}
