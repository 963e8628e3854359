import { generateKeyPairSync } from 'node:crypto';
import { inTransaction } from '@sallyport/db';
import { eq, sql } from 'drizzle-orm';
import { recordAudit, type Reason } from '../audit/record-audit.ts';
import { transactionLimits, type AuthDatabase, type AuthQueries } from '../database.ts';
import { newKeyId } from '../identifiers.ts';
import { after, type Now } from '../moments.ts';
import { signingKeys } from '../schema.ts';
import {
  houseKeyLifetimes,
  planKeys,
  type KeyCommand,
  type KeyLifetimes,
  type KeyPlan,
  type KeyTimes,
  type KnownKey,
} from './key-life.ts';
import { publicKeyJwk } from './public-key.ts';
import type { Sealer } from './sealed-secret.ts';

export type SigningKeyRow = typeof signingKeys.$inferSelect;

export type KeyStore = Readonly<{
  database: AuthDatabase;
  sealer: Sealer;
  now: Now;
  /** Default: the house's. */
  keyLife?: KeyLifetimes;
}>;

/** Makes the first key when there is none, and announces the next one when it is time. Safe from several processes at once. */
export async function tendSigningKeys(store: KeyStore): Promise<KeyPlan> {
  return inKeyTurn(store, async (transaction) => {
    const changed = await changeKeys(store, transaction, { kind: 'tend' });
    if (changed.added !== undefined) await recordNextKey(transaction, changed.added, {});
    return changed;
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
  { immediately, ...reason }: Readonly<{ immediately: boolean }> & Partial<Reason>,
): Promise<KeyRotation | undefined> {
  return inKeyTurn(store, async (transaction) => {
    const { changes, added } = await changeKeys(store, transaction, { kind: 'rotate', immediately });
    const next = added ?? changes.find(({ retiresAt }) => retiresAt === null);
    if (next === undefined) return undefined;
    await recordNextKey(transaction, next, reason);
    const { verifyingSeconds } = lifeOf(store);
    return {
      keyId: next.kid,
      signsFrom: next.signsFrom,
      predecessorsRetireAt: after(next.signsFrom, verifyingSeconds),
    };
  });
}

type Changed = KeyPlan &
  Readonly<{ /** All keys as they were before. */ before: readonly KnownKey[]; added: KnownKey | undefined }>;

/** Plans by what the table says in the keys' turn, and writes it. */
export async function changeKeys(store: KeyStore, transaction: AuthQueries, command: KeyCommand): Promise<Changed> {
  const { kid, publishedAt, signsFrom, retiresAt } = signingKeys;
  const before = await transaction.select({ kid, publishedAt, signsFrom, retiresAt }).from(signingKeys);
  const plan = planKeys(before, command, { now: new Date(store.now()), life: lifeOf(store) });
  for (const { kid: changed, ...times } of plan.changes)
    await transaction.update(signingKeys).set(times).where(eq(signingKeys.kid, changed));
  const added = plan.adds && { kid: await addKey(store, transaction, plan.adds), ...plan.adds };
  return { ...plan, before, added };
}

export function lifeOf({ keyLife = houseKeyLifetimes }: Pick<KeyStore, 'keyLife'>): KeyLifetimes {
  return keyLife;
}

async function recordNextKey(
  transaction: AuthQueries,
  { kid: keyId, signsFrom }: KnownKey,
  { actor = 'authority', because }: Partial<Reason>,
): Promise<void> {
  const detail = { keyId, signsFrom: signsFrom.toISOString() };
  await recordAudit(transaction, { action: 'key.announced', actor, because, detail });
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

async function addKey({ sealer }: KeyStore, transaction: AuthQueries, times: KeyTimes): Promise<string> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = newKeyId();
  const publicJwk = publicKeyJwk.parse({ ...publicKey.export({ format: 'jwk' }), kid });
  const secret = privateKey.export({ type: 'pkcs8', format: 'der' });
  const sealedPrivateKey = sealer.seal(secret, keyPlace(kid));
  await transaction.insert(signingKeys).values({ kid, publicJwk, sealedPrivateKey, ...times });
  return kid;
}

export function keyPlace(kid: string) {
  return { column: 'signing_keys.sealed_private_key', row: kid } as const;
}
