import { base64url } from 'jose';
import type { BearerToken, OpaqueToken } from './bearer-token.ts';
import { clientAuthentication, type ClientCredentials } from './client-authentication.ts';
import { systemClock, type Clock } from './clock.ts';
import { readIntrospection, type IntrospectedToken, type IntrospectionExpectation } from './introspection-response.ts';
import { readLimitedBody } from './limited-body.ts';
import { parseStrictObject, type JsonObject } from './strict-json.ts';

/** Whom to ask, as whom, and what the answer is held against. */
export type TokenIntrospectionOptions = IntrospectionExpectation &
  Readonly<{
    /** The issuer's introspection endpoint. From configuration, never from a token. */
    url: string;
    credentials: ClientCredentials;
    /** Milliseconds from asking to an answer. Default 1000. */
    deadlineMs?: number;
    /** Questions on the way at once; one more is not asked. Default 128. */
    maxUnderWay?: number;
    fetch?: typeof globalThis.fetch;
    clock?: Clock;
  }>;

/** Asks about one token's text, after it was called. Rejects when there is no usable answer in time. */
export type IntrospectToken = (token: BearerToken | OpaqueToken) => Promise<IntrospectedToken>;

const maxAnswerBytes = 4096;

/**
 * Asks somebody else's issuer about tokens, one by one (RFC 7662). No answer is shared or kept. A redirect, a status but 200, and
 * an answer that is too long or not strictly JSON are no answers.
 */
export function tokenIntrospection(options: TokenIntrospectionOptions): IntrospectToken {
  const { url, deadlineMs = 1000, maxUnderWay = 128, fetch: fetchFrom = fetch, clock = systemClock } = options;
  const authenticate = clientAuthentication(options.credentials, options.issuer, clock);
  let underWay = 0;

  async function ask(token: string, signal: AbortSignal): Promise<IntrospectedToken> {
    const { headers, parameters } = await authenticate();
    const response = await fetchFrom(url, {
      method: 'POST',
      // Its status is not 200 then. `error` would say the same, but edge runtimes do not know it.
      redirect: 'manual',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams({ token, token_type_hint: 'access_token', ...parameters }).toString(),
      signal,
    });
    const answer = await readAnswer(response);
    return readIntrospection(answer, options, { now: clock.epochSeconds(), tokenId: await digestOf(token) });
  }

  return async (token) => {
    if (underWay >= maxUnderWay) throw new Error(`${maxUnderWay} questions are on the way to ${url}`);
    underWay += 1;
    const signal = AbortSignal.timeout(deadlineMs);
    try {
      // The signal stops the transport; the race frees our place when the transport does not listen.
      return await Promise.race([ask(token, signal), rejectOnAbort(signal)]);
    } finally {
      underWay -= 1;
    }
  };
}

async function readAnswer(response: Response): Promise<JsonObject> {
  try {
    if (response.status !== 200) throw new Error(`the introspection endpoint answered ${response.status}`);
    const type = response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? 'nothing';
    if (type !== 'application/json') throw new Error(`the introspection endpoint answered with ${type}`);
    const answer = parseStrictObject(await readLimitedBody(response, 'the introspection answer', maxAnswerBytes));
    if (answer === undefined) throw new Error('the introspection answer is not one strict JSON object');
    return answer;
  } catch (error) {
    // Whatever is left of the answer is of no use: the connection need not stay open for it.
    await response.body?.cancel().catch(() => {});
    throw error;
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('no introspection answer in time')), { once: true });
  });
}

// Names a token where its issuer does not, without holding it.
async function digestOf(token: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token));
  return `sha-256:${base64url.encode(new Uint8Array(digest))}`;
}
