import {
  refuse,
  refuseForNow,
  refuseUnavailable,
  type HttpAnswer,
  type HttpRequest,
  type Route,
} from '@sallyport/service';
import * as z from 'zod';
import type { Authority } from '../authority.ts';
import type { ReadCaller } from '../caller.ts';
import { findClient } from '../clients/clients.ts';
import { isDatabaseOutage } from '../database-outage.ts';
import { TryLater } from '../try-later.ts';
import { beginAtProvider } from './begin-at-provider.ts';
import { secretGrammar } from './one-time-code.ts';
import { providerPaths, type Provider } from './providers.ts';
import { returnFromProvider } from './return-from-provider.ts';

/** The two addresses of each provider that a browser goes to by itself. There is no cookie in it: see docs/decisions/0027. */
export function providerRoutes(authority: Authority, readCaller: ReadCaller): readonly Route[] {
  const guarded = guardRoutes(authority, readCaller);
  return [...authority.providers.values()].flatMap((provider): readonly Route[] => {
    const { begin, callback } = providerPaths(provider.settings.name);
    return [
      { method: 'GET', path: begin, handle: guarded((request) => answerBeginning(authority, provider, request)) },
      { method: 'GET', path: callback, handle: guarded((request) => answerReturn(authority, provider, request)) },
    ];
  });
}

/** Counts each call against its network. A database that does not answer is 503, not a fault of the request. */
function guardRoutes({ throttle }: Authority, readCaller: ReadCaller): (handle: Route['handle']) => Route['handle'] {
  return (handle) => async (request) => {
    try {
      await throttle.take('providerFromNetwork', readCaller(request).network);
      return await handle(request);
    } catch (error) {
      if (error instanceof TryLater) return refuseForNow('too_many_requests', error.retryAfterSeconds);
      if (isDatabaseOutage(error)) return refuseUnavailable();
      throw error;
    }
  };
}

const beginning = z.object({
  client_id: z.string().min(1).max(128),
  return_to: z.string().max(2048),
  code_challenge: z.string().regex(secretGrammar),
  /** There is no default: `plain` is what RFC 7636 would have. */
  code_challenge_method: z.literal('S256'),
  acr_values: z.literal('aal2').optional(),
  max_age: z
    .string()
    .regex(/^[0-9]{1,6}$/)
    .transform(Number)
    .optional(),
});

async function answerBeginning(authority: Authority, provider: Provider, request: HttpRequest): Promise<HttpAnswer> {
  const read = beginning.safeParse(Object.fromEntries(request.query()));
  if (!read.success) return refuseBeginning();
  const { client_id: clientId, return_to: returnTo, code_challenge: challenge, acr_values, max_age } = read.data;
  await checkReturnAddress(authority, clientId, returnTo);
  try {
    const wants = { wantedAcr: acr_values, maxAgeSeconds: max_age };
    const url = await beginAtProvider(authority, { provider, clientId, returnTo, challenge, ...wants });
    return seeOther(url);
  } catch (err) {
    authority.log.warn({ provider: provider.settings.name, err }, 'nobody could be sent to a provider');
    return seeOther(withParameters(returnTo, { error: 'temporarily_unavailable' }));
  }
}

/**
 * Letter for letter one of the client's own (RFC 9700 §2.1): no prefix, no pattern, nothing decoded. Whoever sends anything else is
 * answered here and sent nowhere.
 */
export async function checkReturnAddress({ database }: Authority, clientId: string, returnTo: string): Promise<void> {
  const client = await findClient(database, clientId);
  if (client?.kind !== 'public' || !client.returnAddresses.includes(returnTo)) refuseBeginning();
}

async function answerReturn(authority: Authority, provider: Provider, request: HttpRequest): Promise<HttpAnswer> {
  const returned = await returnFromProvider(authority, provider, request.query());
  if (returned === undefined) {
    return refuse({
      code: 'BAD_REQUEST',
      reason: 'unknown_sign_in',
      message: 'This sign-in is unknown, was used, or took too long. Start again.',
    });
  }
  const { returnTo, code, error } = returned;
  return seeOther(withParameters(returnTo, error === undefined ? { code } : { error }));
}

function refuseBeginning(): never {
  refuse({
    code: 'BAD_REQUEST',
    reason: 'invalid_request',
    message: 'The client, its return address, or the challenge is not acceptable.',
  });
}

function withParameters(address: string, parameters: Readonly<Record<string, string>>): URL {
  const url = new URL(address);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.append(name, value);
  return url;
}

/** 303, which no browser repeats a request's body at (RFC 9700 §4.12); and the next page does not learn this address. */
function seeOther(url: URL): HttpAnswer {
  return { status: 303, headers: { Location: url.href, 'Referrer-Policy': 'no-referrer' } };
}
