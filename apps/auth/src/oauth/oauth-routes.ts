import type { HttpAnswer, Route } from '@sallyport/service';
import type { Authority } from '../authority.ts';
import type { Caller, ReadCaller } from '../caller.ts';
import { keySetMaxAgeSeconds } from '../keys/key-life.ts';
import type { PublicKeyJwk } from '../keys/public-key.ts';
import { TryLater } from '../try-later.ts';
import { answerIntrospection } from './introspection-endpoint.ts';
import { metadata, oauthPaths } from './metadata.ts';
import { OAuthError, oauthErrorAnswer } from './oauth-error.ts';
import type { Endpoint } from './oauth-request.ts';
import { answerRevocation } from './revocation-endpoint.ts';
import { answerTokenRequest } from './token-endpoint.ts';

/** What the authority speaks outside tRPC: OAuth, for everybody's clients. `mutualTlsUrl`: for those who show certificates. */
export function oauthRoutes(authority: Authority, readCaller: ReadCaller, mutualTlsUrl?: string): readonly Route[] {
  const cached = { 'Cache-Control': `public, max-age=${keySetMaxAgeSeconds}` };
  const form = (path: string, endpoint: Endpoint): Route => formRoute({ authority, readCaller, path }, endpoint);
  return [
    {
      method: 'GET',
      path: oauthPaths.metadata,
      handle: async () => ({ status: 200, headers: cached, json: metadata(authority.issuer, mutualTlsUrl) }),
    },
    {
      method: 'GET',
      path: oauthPaths.keys,
      handle: async () => ({ status: 200, headers: cached, json: { keys: await newestKeys(authority) } }),
    },
    form(oauthPaths.token, answerTokenRequest),
    form(oauthPaths.introspection, answerIntrospection),
    form(oauthPaths.revocation, answerRevocation),
  ];
}

type FormPlace = Readonly<{ authority: Authority; readCaller: ReadCaller; path: string }>;

function formRoute({ authority, readCaller, path }: FormPlace, endpoint: Endpoint): Route {
  return {
    method: 'POST',
    path,
    errorBody: ({ httpStatus }) =>
      oauthErrorAnswer(httpStatus >= 500 ? 'temporarily_unavailable' : 'invalid_request').json,
    handle: async (request) => {
      const { header, sender } = request;
      const form = request.form();
      const caller = readCaller(request);
      try {
        await authority.throttle.take('formFromNetwork', caller.network);
        return await endpoint(authority, { form, header, sender, caller });
      } catch (error) {
        if (error instanceof TryLater) {
          const code = error.status === 429 ? 'too_many_requests' : 'temporarily_unavailable';
          authority.log.info({ path, error: code, network: caller.network }, 'OAuth request refused');
          return oauthErrorAnswer(code, error.retryAfterSeconds);
        }
        if (error instanceof OAuthError) {
          if (error.proofNonce !== undefined) return withNonce(oauthErrorAnswer(error.code), error.proofNonce);
          await noteRefusal(authority, caller);
          authority.log.info({ path, error: error.code, detail: error.message }, 'OAuth request refused');
          const answer = oauthErrorAnswer(error.code);
          return error.status === undefined ? answer : { ...answer, status: error.status };
        }
        // We do not know, which is not a "no": whoever asked must not drop a good token for it (RFC 7009 §2.2.1).
        authority.log.error({ path, err: error }, 'OAuth request failed');
        return oauthErrorAnswer('temporarily_unavailable');
      }
    },
  };
}

/** Not a refusal yet: whoever has the nonce asks again. */
function withNonce(answer: HttpAnswer, nonce: string): HttpAnswer {
  return { ...answer, headers: { ...answer.headers, 'DPoP-Nonce': nonce } };
}

/** A refused form costs more than one that is answered: who guesses is refused often. */
async function noteRefusal({ throttle, log }: Authority, { network }: Caller): Promise<void> {
  // The refusal is sent whatever the throttle says: the next request meets it.
  await throttle
    .charge('formFromNetwork', network, 10)
    .catch((err: unknown) => log.warn({ err }, 'a refusal was not counted'));
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
