import { openProver, type SenderKey } from './sender-key.ts';

const scheme = 'DPoP ';

/**
 * `fetch` with a proof of possession (RFC 9449 §4.1) on every request; one that carries a token under the scheme `DPoP` names that
 * token. A server that asks for a nonce gets the same request once more, with it: whoever asks for one has done nothing. The newest
 * nonce of each server is named from then on.
 */
export function provingFetch(key: SenderKey, send: typeof fetch, epochMs: () => number = Date.now): typeof fetch {
  const prove = openProver(key, epochMs);
  const nonces = new Map<string, string>();

  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const { origin } = new URL(url);

    const sendProving = async (): Promise<Response> => {
      const headers = new Headers(init?.headers);
      const authorization = headers.get('authorization');
      const token = authorization?.startsWith(scheme) ? authorization.slice(scheme.length) : undefined;
      const method = init?.method ?? 'GET';
      headers.set('DPoP', await prove({ method, url, token, nonce: nonces.get(origin) }));
      const response = await send(input, { ...init, headers });
      const nonce = response.headers.get('DPoP-Nonce');
      if (nonce !== null) nonces.set(origin, nonce);
      return response;
    };

    const response = await sendProving();
    return (await asksForNonce(response)) ? sendProving() : response;
  };
}

/** A resource says so in its challenge (RFC 9449 §9), a token endpoint in the body of its answer (§8). */
async function asksForNonce(response: Response): Promise<boolean> {
  if (!response.headers.has('DPoP-Nonce')) return false;
  if (response.status === 401) return response.headers.get('WWW-Authenticate')?.includes('use_dpop_nonce') ?? false;
  return response.status === 400 && (await response.clone().text()).includes('"use_dpop_nonce"');
}
