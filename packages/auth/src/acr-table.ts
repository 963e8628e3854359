/** Authentication context classes of the house: one factor, and two. */
export type AuthenticationClass = 'aal1' | 'aal2';

/**
 * What a foreign issuer's `acr` values mean here, one by one: each issuer chooses its own names (RFC 9470 §3), so a name
 * that happens to be one of ours proves nothing.
 */
export type AcrTable = Readonly<Record<string, AuthenticationClass>>;

/** Without a table the value is the house's own word. Pure. */
export function readAcr(table: AcrTable | undefined, acr: string | undefined): string | undefined {
  if (table === undefined || acr === undefined) return acr;
  return Object.hasOwn(table, acr) ? table[acr] : undefined;
}
