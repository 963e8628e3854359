import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { partnerClients, resources } from './foreign-issuer.ts';

const tokenAnswer = z.looseObject({ access_token: z.string(), token_type: z.literal('Bearer') });

/** A person's access token for one resource, by the authorization code flow with PKCE, as a browser and its app do it. */
export async function foreignSignIn(issuer: string, resource: string, acr?: string): Promise<string> {
  const { id: client_id, redirectUri: redirect_uri } = partnerClients.shop;
  const code_verifier = randomBytes(32).toString('base64url');
  const code = await authorize(issuer, {
    client_id,
    redirect_uri,
    response_type: 'code',
    scope: `openid ${scopeOf(resource)}`,
    resource,
    code_challenge: createHash('sha256').update(code_verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...(acr !== undefined && { acr_values: acr }),
  });
  const form = { grant_type: 'authorization_code', code, code_verifier, client_id, redirect_uri, resource };
  return askForToken(issuer, form);
}

/** A client's own token. */
export async function foreignServiceToken(issuer: string, resource: string): Promise<string> {
  const { id, secret } = partnerClients.batch;
  const form = { grant_type: 'client_credentials', resource, scope: scopeOf(resource) };
  return askForToken(issuer, form, { authorization: `Basic ${btoa(`${id}:${secret}`)}` });
}

/** Takes a person's token back (RFC 7009). */
export async function foreignRevoke(issuer: string, token: string): Promise<void> {
  const body = new URLSearchParams({ token, client_id: partnerClients.shop.id });
  const response = await fetch(`${issuer}/token/revocation`, { method: 'POST', body });
  if (response.status !== 200) throw new Error(`the revocation was answered ${response.status}`);
}

function scopeOf(resource: string): string {
  if (resource === resources.sallyport) return 'shop.read';
  return resource.includes('catalog') ? 'catalog:read catalog:write' : 'payments:read payments:write';
}

async function askForToken(issuer: string, form: Record<string, string>, headers: Record<string, string> = {}) {
  const response = await fetch(`${issuer}/token`, { method: 'POST', headers, body: new URLSearchParams(form) });
  if (!response.ok) throw new Error(`no token: ${await response.text()}`);
  return tokenAnswer.parse(await response.json()).access_token;
}

/** Follows the authorization request through login and consent to the code. */
async function authorize(issuer: string, parameters: Record<string, string>): Promise<string> {
  const start = new URL(`/auth?${new URLSearchParams(parameters).toString()}`, issuer);
  const url = await browse(start, ({ origin }) => origin !== issuer);
  return url.searchParams.get('code') ?? failNow(url);
}

/** Goes where a browser would be sent, with the cookies of each place, until it has arrived. That address is not asked for. */
export async function browse(start: URL, hasArrived: (url: URL) => boolean): Promise<URL> {
  const cookies = new Map<string, Map<string, string>>();
  let url = start;
  for (let hop = 0; hop < 12; hop += 1) {
    const own = cookies.get(url.origin) ?? new Map<string, string>();
    const cookie = [...own].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      own.set(name, value);
    }
    cookies.set(url.origin, own);
    const location = response.headers.get('location');
    if (location === null) throw new Error(`the sign-in ended with ${response.status}: ${await response.text()}`);
    url = new URL(location, url);
    if (hasArrived(url)) return url;
  }
  throw new Error('The sign-in goes round in circles.');
}

function failNow(url: URL): never {
  throw new Error(`The sign-in failed: ${url.searchParams.get('error_description')}`);
}
