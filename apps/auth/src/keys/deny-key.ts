import { and, eq, gt, isNull, or } from 'drizzle-orm';
import { recordRevocations } from '../revocation/revocation-outbox.ts';
import { signingKeys } from '../schema.ts';
import { addKey, inKeyTurn, type KeyStore } from './signing-keys.ts';

/** `position`: the feed's after it, for a consistency token. */
export type KeyDenial = Readonly<{ signsNow: string; position: number }>;

/**
 * Ends a key at once, because somebody else may have it: what it signed, and will sign, is refused by every service as
 * soon as the feed says so, and another key signs. Everybody's access tokens of that key are worth nothing from then on;
 * their sessions go on, with the next refresh. `undefined` when there is no such key. Denying again changes nothing.
 */
export async function denySigningKey(store: KeyStore, keyId: string, because: string): Promise<KeyDenial | undefined> {
  return inKeyTurn(store, async (transaction) => {
    const at = new Date(store.now());
    const [known] = await transaction.select().from(signingKeys).where(eq(signingKeys.kid, keyId));
    if (known === undefined) return undefined;
    const isUsed = or(isNull(signingKeys.retiresAt), gt(signingKeys.retiresAt, at));
    const ended = await transaction
      .update(signingKeys)
      .set({ retiresAt: at })
      .where(and(eq(signingKeys.kid, keyId), isUsed))
      .returning({ kid: signingKeys.kid });
    const [next] = await transaction.select().from(signingKeys).where(isNull(signingKeys.retiresAt));
    if (next !== undefined && next.signsFrom > at)
      await transaction.update(signingKeys).set({ signsFrom: at }).where(eq(signingKeys.kid, next.kid));
    const signsNow =
      next?.kid ?? (await addKey(store, transaction, { publishedAt: at, signsFrom: at, retiresAt: null }));
    const denied = ended.map(({ kid }) => ({ kind: 'key', keyId: kid }) as const);
    return { signsNow, position: await recordRevocations(transaction, denied, because) };
  });
}
