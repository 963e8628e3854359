import type { Route } from '@sallyport/service';
import type { Authority } from '../authority.ts';
import { keySetMaxAgeSeconds } from '../keys/key-life.ts';
import type { PublicKeyJwk } from '../keys/public-key.ts';
import { answerIntrospection } from './introspection-endpoint.ts';
import { metadata, oauthPaths } from './metadata.ts';
import { OAuthError, oauthErrorAnswer } from './oauth-error.ts';
import type { Endpoint } from './oauth-request.ts';
import { answerRevocation } from './revocation-endpoint.ts';
import { answerTokenRequest } from './token-endpoint.ts';

/** What the authority speaks outside tRPC: OAuth, for everybody's clients. */
export function oauthRoutes(authority: Authority): readonly Route[] {
  const cached = { 'Cache-Control': `public, max-age=${keySetMaxAgeSeconds}` };
  return [
    {
      method: 'GET',
      path: oauthPaths.metadata,
      handle: async () => ({ status: 200, headers: cached, json: metadata(authority.issuer) }),
    },
    {
      method: 'GET',
      path: oauthPaths.keys,
      handle: async () => ({ status: 200, headers: cached, json: { keys: await newestKeys(authority) } }),
    },
    formRoute(authority, oauthPaths.token, answerTokenRequest),
    formRoute(authority, oauthPaths.introspection, answerIntrospection),
    formRoute(authority, oauthPaths.revocation, answerRevocation),
  ];
}

function formRoute(authority: Authority, path: string, endpoint: Endpoint): Route {
  return {
    method: 'POST',
    path,
    errorBody: ({ httpStatus }) =>
      oauthErrorAnswer(httpStatus >= 500 ? 'temporarily_unavailable' : 'invalid_request').json,
    handle: async (request) => {
      const { header, sender } = request;
      const form = request.form();
      try {
        return await endpoint(authority, { form, header, sender });
      } catch (error) {
        if (error instanceof OAuthError) {
          authority.log.info({ path, error: error.code, detail: error.message }, 'OAuth request refused');
          return oauthErrorAnswer(error.code);
        }
        // We do not know, which is not a "no": whoever asked must not drop a good token for it (RFC 7009 §2.2.1).
        authority.log.error({ path, err: error }, 'OAuth request failed');
        return oauthErrorAnswer('temporarily_unavailable');
      }
    },
  };
}

/** Milliseconds that a key set waits for the table. */
const rereadWithinMs = 500;

/**
 * The keys as they are after the request came: a service that asks because one was denied must get its successor, and not
 * find out half a minute later. While the database does not answer, those that are held.
 */
async function newestKeys({ keys, log }: Authority): Promise<readonly PublicKeyJwk[]> {
  const late = new Promise<void>((resolve) => setTimeout(resolve, rereadWithinMs).unref());
  await Promise.race([keys.reread(), late]).catch((err: unknown) => log.warn({ err }, 'the keys were not read again'));
  return keys.published();
}
