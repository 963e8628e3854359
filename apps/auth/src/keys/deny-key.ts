import { recordAudit, type Reason } from '../audit/record-audit.ts';
import { recordRevocations } from '../revocation/revocation-outbox.ts';
import { changeKeys, inKeyTurn, type KeyStore } from './signing-keys.ts';

/** `position`: the feed's after it, for a consistency token. */
export type KeyDenial = Readonly<{ signsNow: string; position: number }>;

/**
 * Ends a key at once, because somebody else may have it: what it signed, and will sign, is refused by every service as
 * soon as the feed says so, and another key signs. Everybody's access tokens of that key are worth nothing from then on;
 * their sessions go on, with the next refresh. `undefined` when there is no such key. Denying again changes nothing.
 */
export async function denySigningKey(
  store: KeyStore,
  keyId: string,
  { because, actor = 'authority' }: Reason,
): Promise<KeyDenial | undefined> {
  return inKeyTurn(store, async (transaction) => {
    const { before, changes, added } = await changeKeys(store, transaction, { kind: 'deny', keyId });
    if (!before.some(({ kid }) => kid === keyId)) return undefined;
    const changed = new Set(changes.map(({ kid }) => kid));
    const next = added ?? [...changes, ...before].find(({ kid, retiresAt }) => kid !== keyId && retiresAt === null);
    if (next === undefined) throw new Error('A denied key has a successor.');
    const denied = changed.has(keyId) ? [{ kind: 'key', keyId } as const] : [];
    const position = await recordRevocations(transaction, denied, because);
    const detail = { keyId, signsNow: next.kid };
    if (denied.length > 0) await recordAudit(transaction, { action: 'key.denied', actor, because, detail });
    return { signsNow: next.kid, position };
  });
}
