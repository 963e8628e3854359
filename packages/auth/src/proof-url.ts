/**
 * Whether a proof's `htu` names this address: compared after normalization (RFC 3986 §6.2.2, §6.2.3) and without query and fragment,
 * as RFC 9449 §4.3 has it. `undefined` hosts, other schemes than HTTP's and credentials are never the same. Pure.
 */
export function isSameUrl(claimed: string, own: string): boolean {
  const normalized = normalize(claimed);
  return normalized !== undefined && normalized === normalize(own);
}

// The URL parser lowers scheme and host, drops a default port, and resolves dot segments.
function normalize(text: string): string | undefined {
  const url = text.length <= 4096 ? URL.parse(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return undefined;
  return `${url.origin}${url.pathname.replaceAll(/%[0-9a-f]{2}/gi, normalizeEscape)}`;
}

/** Unreserved characters stand for themselves; other escapes are spelled in capitals. */
function normalizeEscape(escape: string): string {
  const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  return /^[A-Za-z0-9._~-]$/.test(character) ? character : escape.toUpperCase();
}
