import { importJWK, SignJWT, type JWK } from 'jose';
import type { Clock } from './clock.ts';

/** How this service proves to a foreign issuer who it is. */
export type ClientCredentials = Readonly<{ clientId: string }> &
  (
    | Readonly<{ /** `client_secret_basic`. */ clientSecret: string }>
    | Readonly<{
        /** `private_key_jwt`: a private key with `alg` and, where the issuer knows several, `kid`. */ clientKey: JWK;
      }>
  );

/** What a request carries to be believed: headers, and parameters of its form. */
export type ClientAuthentication = Readonly<{
  headers: Readonly<Record<string, string>>;
  parameters: Readonly<Record<string, string>>;
}>;

const assertionLifetimeSeconds = 60;

/**
 * Authenticates a client: `client_secret_basic` with both halves form-encoded before they are joined (RFC 6749 §2.3.1), or
 * `private_key_jwt` (RFC 7523 §3) with the issuer as its one audience. Throws at once for a key that names no `alg`.
 */
export function clientAuthentication(
  credentials: ClientCredentials,
  issuer: string,
  clock: Clock,
): () => Promise<ClientAuthentication> {
  const { clientId } = credentials;
  if ('clientSecret' in credentials) {
    const joined = `${formEncode(clientId)}:${formEncode(credentials.clientSecret)}`;
    const authentication = { headers: { authorization: `Basic ${btoa(joined)}` }, parameters: {} };
    return () => Promise.resolve(authentication);
  }
  const { clientKey } = credentials;
  const { alg, kid } = clientKey;
  if (alg === undefined) throw new Error('the client key names no alg');
  return async () => {
    const now = clock.epochSeconds();
    const assertion = await new SignJWT({ jti: crypto.randomUUID() })
      .setProtectedHeader({ alg, typ: 'JWT', ...(kid !== undefined && { kid }) })
      .setIssuer(clientId)
      .setSubject(clientId)
      // One audience, the issuer: what is signed for one must not be of use at another.
      .setAudience(issuer)
      .setIssuedAt(now)
      .setExpirationTime(now + assertionLifetimeSeconds)
      .sign(await importJWK(clientKey, alg));
    return {
      headers: {},
      parameters: {
        client_id: clientId,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      },
    };
  };
}

function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}
