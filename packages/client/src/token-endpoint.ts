import { hopHeaders, writeTrace, type Trace } from '@sallyport/auth';
import * as z from 'zod';
import { AuthorityRefused, AuthorityUnavailable } from './authority-failure.ts';
import { undecided } from './denial-answer.ts';
import type { SendRequest } from './send-request.ts';

/** The text of a token. Opaque: nothing here, and nobody who gets one, may read or log it. */
export type ServiceToken = string & z.$brand<'ServiceToken'>;
export type TransactionToken = string & z.$brand<'TransactionToken'>;

/** `trace`: of the request that the token is for, if it is for one. */
export type TokenEndpoint = (form: Readonly<Record<string, string>>, trace?: Trace) => Promise<TokenAnswer>;

type TokenAnswer = Readonly<{
  token: string;
  expiresInSeconds: number | undefined;
  issuedTokenType: string | undefined;
}>;

export type TokenEndpointOptions = Readonly<{
  url: string;
  send: SendRequest;
  /** A new client assertion for each request: its `jti` is used once. */
  assert: () => Promise<string>;
  /** Milliseconds until a request that got no answer counts as an outage. */
  answerWithinMs: number;
}>;

// RFC 6749 §5.1: members we do not know are ignored.
const success = z.object({
  access_token: z.string().min(1),
  expires_in: z.int().positive().optional(),
  issued_token_type: z.string().optional(),
});

const refusal = z.object({ error: z.string().regex(/^[\x20-\x21\x23-\x5B\x5D-\x7E]{1,64}$/) });

/**
 * Speaks to `POST /oauth/token` as this client, which proves itself by `private_key_jwt` (RFC 7523).
 * Throws `AuthorityRefused` for an OAuth error, and `AuthorityUnavailable` for everything that is not an answer.
 */
export function openTokenEndpoint(options: TokenEndpointOptions): TokenEndpoint {
  return async (form, trace) => {
    const body = new URLSearchParams({
      ...form,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await options.assert(),
    });
    const { status, json } = await post(options, body, trace);
    return readAnswer(status, json);
  };
}

async function post(
  options: TokenEndpointOptions,
  body: URLSearchParams,
  trace: Trace | undefined,
): Promise<{ status: number; json: unknown }> {
  try {
    const { status, text } = await options.send({
      url: options.url,
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        ...(trace && { [hopHeaders.trace]: writeTrace(trace) }),
      },
      body: body.toString(),
      signal: AbortSignal.timeout(options.answerWithinMs),
    });
    return { status, json: JSON.parse(text) };
  } catch (cause) {
    throw new AuthorityUnavailable('the token endpoint gave no readable answer', cause);
  }
}

/** Pure: what the status and body of a token answer mean. */
function readAnswer(status: number, json: unknown): TokenAnswer {
  if (undecided(status)) throw new AuthorityUnavailable(`the token endpoint answered ${status}`);
  if (status !== 200) {
    const refused = refusal.safeParse(json);
    if (!refused.success)
      throw new AuthorityUnavailable(`the token endpoint answered ${status} without an OAuth error`);
    throw new AuthorityRefused(refused.data.error, status);
  }
  const answer = success.safeParse(json);
  if (!answer.success) throw new AuthorityUnavailable('the token endpoint answered 200 without a token');
  return {
    token: answer.data.access_token,
    expiresInSeconds: answer.data.expires_in,
    issuedTokenType: answer.data.issued_token_type,
  };
}
