import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';
import type { IdentityProvider } from '../identities/identity-provider.ts';

export type ScriptedProvider = Awaited<ReturnType<typeof openScriptedProvider>>;
type Answer = Readonly<{ status?: number; headers?: Readonly<Record<string, string>>; body?: unknown }>;

const client = { clientId: 'sallyport at example', clientSecret: 'a+b/c=%20:d&e' };

/**
 * An OpenID provider on loopback that says whatever a test wants: real HTTP, real signatures, and no mind of its own. It checks the one
 * thing that a provider must: client, code and PKCE verifier belong together.
 */
export async function openScriptedProvider() {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'scripted-1', alg: 'RS256', use: 'sig' }] };
  const codes = new Map<string, { challenge: string; idToken: string }>();
  const requests: string[] = [];
  const script = new Map<string, (usual: Answer) => Answer | Promise<Answer>>();

  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', issuer).pathname;
    requests.push(path);
    void usualAnswer(path, request)
      .then((usual) => script.get(path)?.(usual) ?? usual)
      .then(({ status = 200, headers = {}, body }) => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(typeof body === 'string' ? body : JSON.stringify(body ?? {}));
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const issuer = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
    introspection_endpoint: `${issuer}/introspect`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    authorization_response_iss_parameter_supported: true,
  };

  async function usualAnswer(path: string, request: IncomingMessage): Promise<Answer> {
    if (path === '/.well-known/openid-configuration') return { body: metadata };
    if (path === '/keys') return { body: keys };
    if (path !== '/token') return { status: 404 };
    const form = new URLSearchParams(await text(request));
    const verifier = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const held = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    const isOurs =
      request.headers.authorization ===
      `Basic ${btoa(`${formEncode(client.clientId)}:${formEncode(client.clientSecret)}`)}`;
    if (!isOurs) return { status: 401, body: { error: 'invalid_client' } };
    if (held?.challenge !== verifier) return { status: 400, body: { error: 'invalid_grant' } };
    return { body: { access_token: newText(), token_type: 'Bearer', expires_in: 60, id_token: held.idToken } };
  }

  /** Signs as the provider does. A claim that is `undefined` is left out. */
  function sign(claims: JWTPayload, header: Readonly<Record<string, string>> = {}): Promise<string> {
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: 'scripted-1', ...header })
      .sign(privateKey);
  }

  function idToken(claims: JWTPayload): Promise<string> {
    const at = Math.floor(Date.now() / 1000);
    return sign({ iss: issuer, aud: client.clientId, iat: at, exp: at + 300, auth_time: at, ...claims });
  }

  return {
    issuer,
    metadata,
    /** Paths that were asked for, in order. */
    requests,
    /** Changes what is answered at a path, until `script.clear()`. */
    script,
    sign,
    idToken,
    /** Lets somebody in, as its page would: answers the parameters that the browser takes to the callback. */
    letIn: async (authorizationUrl: string, claims: JWTPayload): Promise<Record<string, string>> => {
      const asked = new URL(authorizationUrl).searchParams;
      const code = newText();
      const nonce = asked.get('nonce') ?? '';
      codes.set(code, { challenge: asked.get('code_challenge') ?? '', idToken: await idToken({ nonce, ...claims }) });
      return { code, state: asked.get('state') ?? '', iss: issuer };
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The settings that let an authority sign people in with it. */
export function settingsFor({ issuer }: ScriptedProvider, changes: Partial<IdentityProvider> = {}): IdentityProvider {
  return {
    name: 'scripted',
    issuer,
    ...client,
    scope: 'openid',
    idTokenAlgorithm: 'RS256',
    network: 'public',
    newAccounts: true,
    assurance: [{ acr: 'urn:scripted:two', means: 'aal2' }],
    authTime: 'required',
    maxAgeSeconds: 3600,
    ...changes,
  };
}

function newText(): string {
  return randomBytes(24).toString('base64url');
}

function formEncode(value: string): string {
  return new URLSearchParams({ '': value }).toString().slice(1);
}
