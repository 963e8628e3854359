import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { inTransaction } from '@sallyport/db';
import { desc, eq, gt, isNull, or, sql } from 'drizzle-orm';
import { transactionLimits, type AuthDatabase, type AuthQueries } from '../database.ts';
import { after, type Now } from '../moments.ts';
import { signingKeys } from '../schema.ts';
import { accessTokenSeconds } from '../tokens/token-lifetimes.ts';
import { publicKeyJwk } from './public-key.ts';
import type { Sealer } from './sealed-secret.ts';

export type SigningKeyRow = typeof signingKeys.$inferSelect;
export type KeyTimes = Pick<SigningKeyRow, 'publishedAt' | 'signsFrom' | 'retiresAt'>;
export type KeyState = 'announced' | 'signing' | 'verifying' | 'retired';

/** Seconds that a verifier may keep the published set: `max-age` of the JWKS. */
export const keySetMaxAgeSeconds = 60;
/** Seconds after which every process of the authority has read the table again. */
export const rereadSeconds = 5;

/** A new key is published this long before it signs: by then no verifier holds a set without it. */
export const announcedSeconds = keySetMaxAgeSeconds + 2 * rereadSeconds;
/** And stays published this long after its successor took over: by then no token of it is alive. */
export const verifyingSeconds = keySetMaxAgeSeconds + accessTokenSeconds + 2 * rereadSeconds;

/** Pure: a key's state follows from its times, and from those of the keys beside it. */
export function stateOf(key: KeyTimes, beside: readonly KeyTimes[], now: Date): KeyState {
  if (key.retiresAt !== null && key.retiresAt <= now) return 'retired';
  if (key.signsFrom > now) return 'announced';
  const hasSuccessor = beside.some((other) => other.signsFrom > key.signsFrom && other.signsFrom <= now);
  return hasSuccessor ? 'verifying' : 'signing';
}

export type KeyStore = Readonly<{ database: AuthDatabase; sealer: Sealer; now: Now }>;

/** Makes the first key when there is none. Safe from several processes at once. */
export async function ensureSigningKey(store: KeyStore): Promise<void> {
  await inKeyTurn(store, async (transaction) => {
    const at = new Date(store.now());
    const [key] = await transaction
      .select({ kid: signingKeys.kid })
      .from(signingKeys)
      .where(isNull(signingKeys.retiresAt));
    if (key === undefined) await addKey(store, transaction, { publishedAt: at, signsFrom: at, retiresAt: null });
  });
}

export type KeyRotation = Readonly<{ keyId: string; signsFrom: Date; predecessorsRetireAt: Date }>;

/**
 * Announces the next key, and gives the present one its end. `undefined` when one is announced already. With
 * `immediately` the next key (the announced one, if any) signs from now on: verifiers that hold an older set meet a
 * `kid` they do not know and must load the set again.
 */
export async function rotateSigningKey(
  store: KeyStore,
  { immediately }: { immediately: boolean },
): Promise<KeyRotation | undefined> {
  return inKeyTurn(store, async (transaction) => {
    const at = new Date(store.now());
    const [newest] = await transaction.select().from(signingKeys).orderBy(desc(signingKeys.signsFrom)).limit(1);
    const announced = newest !== undefined && newest.signsFrom > at ? newest : undefined;
    if (announced !== undefined && !immediately) return undefined;

    const signsFrom = immediately ? at : after(at, announcedSeconds);
    const predecessorsRetireAt = after(signsFrom, verifyingSeconds);
    const endsTooLate = or(isNull(signingKeys.retiresAt), gt(signingKeys.retiresAt, predecessorsRetireAt));
    await transaction.update(signingKeys).set({ retiresAt: predecessorsRetireAt }).where(endsTooLate);
    const times = { publishedAt: announced?.publishedAt ?? at, signsFrom, retiresAt: null };
    if (announced === undefined)
      return { keyId: await addKey(store, transaction, times), signsFrom, predecessorsRetireAt };
    await transaction.update(signingKeys).set(times).where(eq(signingKeys.kid, announced.kid));
    return { keyId: announced.kid, signsFrom, predecessorsRetireAt };
  });
}

/** Whoever changes keys waits for whoever is changing them: two processes never both make "the next" key. */
export function inKeyTurn<Result>(
  { database }: KeyStore,
  work: (transaction: AuthQueries) => Promise<Result>,
): Promise<Result> {
  return inTransaction(database, transactionLimits, async (transaction) => {
    await transaction.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended('auth.signing_keys', 0))`);
    return work(transaction);
  });
}

export async function addKey({ sealer }: KeyStore, transaction: AuthQueries, times: KeyTimes): Promise<string> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // Short, because it stands in every token: 48 bits tell the few keys of one issuer apart.
  const kid = randomBytes(6).toString('base64url');
  const publicJwk = publicKeyJwk.parse({ ...publicKey.export({ format: 'jwk' }), kid });
  const secret = privateKey.export({ type: 'pkcs8', format: 'der' });
  const sealedPrivateKey = sealer.seal(secret, keyPlace(kid));
  await transaction.insert(signingKeys).values({ kid, publicJwk, sealedPrivateKey, ...times });
  return kid;
}

export function keyPlace(kid: string) {
  return { column: 'signing_keys.sealed_private_key', row: kid } as const;
}
