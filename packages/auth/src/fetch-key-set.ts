import { readLimitedBody } from './limited-body.ts';
import { parseStrictObject, type JsonObject } from './strict-json.ts';

const limits = { bytes: 64 * 1024, members: 1000 };
const mediaTypes: ReadonlySet<string> = new Set(['application/json', 'application/jwk-set+json']);

/**
 * Asks for a JWK set (RFC 7517 §8.5) and parses it strictly. Throws for every answer but a whole one of status 200, of JSON by its
 * `Content-Type`, and within 64 KiB after decompression. Redirects are refused: where keys are is a matter of configuration.
 */
export async function fetchKeySet(
  url: string,
  signal: AbortSignal,
  fetchFrom: typeof globalThis.fetch = fetch,
): Promise<JsonObject> {
  const response = await fetchFrom(url, {
    // Its status is not 200 then. `error` would say the same, but edge runtimes do not know it.
    redirect: 'manual',
    headers: { accept: Array.from(mediaTypes).join(', ') },
    signal,
  });
  try {
    const body = await readBody(response);
    const set = parseStrictObject(body, limits);
    if (set === undefined) throw new Error('key set is not strict JSON');
    return set;
  } catch (error) {
    // Whatever is left of the answer is of no use: the connection need not stay open for it.
    await response.body?.cancel().catch(() => {});
    throw error;
  }
}

async function readBody(response: Response): Promise<Uint8Array> {
  const mediaType = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? 'nothing';
  if (response.status !== 200 || response.body === null) throw new Error(`key set answered ${response.status}`);
  if (!mediaTypes.has(mediaType)) throw new Error(`key set answered with ${mediaType}`);
  return readLimitedBody(response, 'key set', limits.bytes);
}
