import { isCanonicalBase64url } from './bearer-token.ts';
import type { Confirmation } from './sender.ts';
import { isJsonObject } from './strict-json.ts';

const memberOf: ReadonlyMap<string, keyof Confirmation> = new Map([
  ['jkt', 'keyThumbprint'],
  ['x5t#S256', 'certificateThumbprint'],
]);

/**
 * Reads `cnf` (RFC 7800 §3.1), which must be there: the thumbprint of a key (RFC 9449 §6.1), of a certificate (RFC 8705 §3.1), or
 * both. `undefined` for whatever else: a binding that nobody here can check must not be taken for none. Pure.
 */
export function readConfirmation(cnf: unknown): Confirmation | undefined {
  if (!isJsonObject(cnf)) return undefined;
  const read: { keyThumbprint?: string; certificateThumbprint?: string } = {};
  for (const [name, value] of Object.entries(cnf)) {
    const member = memberOf.get(name);
    if (member === undefined || !isDigest(value)) return undefined;
    read[member] = value;
  }
  return Object.keys(read).length > 0 ? read : undefined;
}

/** SHA-256 in base64url. */
function isDigest(value: unknown): value is string {
  return typeof value === 'string' && value.length === 43 && isCanonicalBase64url(value);
}
