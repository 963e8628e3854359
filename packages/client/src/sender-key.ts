// WebCrypto alone: this file is part of what browsers load.

/** A pair of keys whose private half signs proofs of possession. */
export type SenderKey = Readonly<{ publicKey: CryptoKey; privateKey: CryptoKey }>;

/**
 * A key for proofs of possession (RFC 9449): ECDSA on P-256, and nothing can read its private half, neither this page nor a script
 * that is injected into it. Keep the pair in IndexedDB, which takes it as it is, where the refresh token outlives the page.
 */
export async function newSenderKey(): Promise<SenderKey> {
  return crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
}

export type ProofOf = Readonly<{
  method: string;
  url: string;
  /** The access token that the request carries. */
  token?: string | undefined;
  /** The server's, where it has given one. */
  nonce?: string | undefined;
}>;

/** Makes the proofs of one key: each names one request, and is made for it alone. */
export function openProver(key: SenderKey, epochMs: () => number): (request: ProofOf) => Promise<string> {
  let header: Promise<string> | undefined;

  async function writeHeader(): Promise<string> {
    const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', key.publicKey);
    return base64urlOf(textBytes(JSON.stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } })));
  }

  return async ({ method, url, token, nonce }) => {
    header ??= writeHeader();
    const claims = {
      jti: base64urlOf(crypto.getRandomValues(new Uint8Array(16))),
      htm: method,
      htu: withoutQuery(url),
      iat: Math.floor(epochMs() / 1000),
      ...(token !== undefined && { ath: base64urlOf(await crypto.subtle.digest('SHA-256', textBytes(token))) }),
      ...(nonce !== undefined && { nonce }),
    };
    const signed = `${await header}.${base64urlOf(textBytes(JSON.stringify(claims)))}`;
    const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
    return `${signed}.${base64urlOf(await crypto.subtle.sign(algorithm, key.privateKey, textBytes(signed)))}`;
  };
}

function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function textBytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function base64urlOf(bytes: Uint8Array<ArrayBuffer> | ArrayBuffer): string {
  const characters = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join('');
  return btoa(characters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
