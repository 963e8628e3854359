import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider, type Configuration } from 'oidc-provider';
import { freePorts } from '../free-ports.ts';

/** What its tokens are for: catalog's are JWTs, payments' are opaque, and so are those for somebody else. */
export const resources = {
  catalog: 'https://catalog.shop.example',
  payments: 'https://payments.shop.example',
  elsewhere: 'https://elsewhere.example',
  /** What the authority exchanges: JWTs. */
  sallyport: 'https://sallyport.example',
} as const;

/** Its own words for how somebody signed in. */
export const acrOfPartner = { password: 'urn:partner:password', twoFactors: 'urn:partner:two-factors' } as const;

/** A public client with a redirect, and two confidential ones; a secret that breaks whoever forgets to encode it. */
export const partnerClients = {
  shop: { id: 'shop', redirectUri: 'http://127.0.0.1:9/signed-in' },
  batch: { id: 'batch', secret: 'batch-secret' },
  payments: { id: 'sallyport payments', secret: 'a+b/c=%20:d&e' },
  /** The authority, which signs people in with it. */
  authority: { id: 'sallyport', secret: 'x+y/z=%20:w&v' },
} as const;

const scopes: Readonly<Record<string, string>> = {
  [resources.catalog]: 'catalog:read catalog:write',
  [resources.payments]: 'payments:read payments:write',
  [resources.elsewhere]: 'payments:read',
  [resources.sallyport]: 'shop.read',
};

export type RunningPartner = Readonly<{ issuer: string; kill: () => void }>;

/** `oidc-provider` on loopback, with RS256 as it comes, whose only login page believes whoever comes: the account is the test's to say. `callback`: where the authority wants people back. */
export async function startPartner(account: string, callback?: string): Promise<RunningPartner> {
  const [port = 0] = await freePorts(1);
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, await configuration(callback));
  const answer = provider.callback();
  const server = createServer((request, response) => {
    const handled = request.url?.startsWith('/interaction/') ? interact(provider, account) : answer;
    handled(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    issuer,
    kill: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function configuration(callback: string | undefined): Promise<Configuration> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const { shop, batch, payments, authority } = partnerClients;
  const confidential = {
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
  } as const;
  return {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'partner-1', alg: 'RS256', use: 'sig' }] },
    cookies: { keys: [randomUUID()] },
    ttl: { AccessToken: 300, ClientCredentials: 300, Grant: 900, IdToken: 300, Interaction: 300, Session: 900 },
    acrValues: Object.values(acrOfPartner),
    clients: [
      {
        client_id: shop.id,
        token_endpoint_auth_method: 'none',
        redirect_uris: [shop.redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        application_type: 'native',
      },
      { client_id: batch.id, client_secret: batch.secret, grant_types: ['client_credentials'], ...confidential },
      { client_id: payments.id, client_secret: payments.secret, grant_types: [], ...confidential },
      ...(callback === undefined
        ? []
        : [{ client_id: authority.id, client_secret: authority.secret, redirect_uris: [callback] }]),
    ],
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    // RFC 9068 §2.2.1, RFC 9470 §6.
    extraTokenClaims: ({ oidc }) => {
      const code = oidc.entities.AuthorizationCode;
      return code && { auth_time: code.authTime, acr: code.acr };
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => ({
          scope: scopes[resource] ?? '',
          accessTokenTTL: 300,
          accessTokenFormat: resource === resources.catalog || resource === resources.sallyport ? 'jwt' : 'opaque',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  };
}

/** Signs in, as strongly as the client asked for, and grants whatever it asked for. */
function interact(provider: Provider, accountId: string) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { prompt, params, grantId: known } = await provider.interactionDetails(request, response);
    if (prompt.name === 'login') {
      const { acr_values: asked } = params;
      const acr = typeof asked === 'string' ? asked : acrOfPartner.password;
      return provider.interactionFinished(request, response, { login: { accountId, acr } });
    }
    const grant = known === undefined ? undefined : await provider.Grant.find(known);
    const granted = grant ?? new provider.Grant({ accountId, clientId: String(params['client_id']) });
    granted.addOIDCScope('openid');
    const { resource } = params;
    if (typeof resource === 'string') granted.addResourceScope(resource, scopes[resource] ?? '');
    return provider.interactionFinished(request, response, { consent: { grantId: await granted.save() } });
  };
}
