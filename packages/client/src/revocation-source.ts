import type { FeedHandlers, FeedMessage, FeedSource } from '@sallyport/auth';
import { createTRPCUntypedClient, httpSubscriptionLink } from '@trpc/client';
import type { AnyRouter } from '@trpc/server';
import { EventSource } from 'eventsource';
import * as z from 'zod';
import { AuthorityUnavailable, authorityFailure } from './authority-failure.ts';
import { reasonOf } from './denial-answer.ts';
import { trpcUrl, type HttpEndpoint } from './http-endpoint.ts';
import type { ServiceTokens } from './service-token.ts';
import type { ServiceToken } from './token-endpoint.ts';

export type RevocationSourceOptions = Readonly<{ endpoint: HttpEndpoint; tokens: ServiceTokens }>;

const audience = 'auth';
const scope = 'revocations';

const position = z.int().nonnegative();
const upToSerial = z.int().nonnegative();

// A kind that we do not know is a revocation that we could not honour, so it must not pass for one: it ends the feed.
const eventSchema = z.discriminatedUnion('kind', [
  z.object({ position, kind: z.literal('session'), session: z.string() }),
  z.object({ position, kind: z.literal('token'), tokenId: z.string() }),
  z.object({ position, kind: z.literal('subject'), subject: z.string(), upToSerial }),
  z.object({ position, kind: z.literal('client'), client: z.string(), upToSerial }),
  z.object({ position, kind: z.literal('everyone'), upToSerial }),
  z.object({ position, kind: z.literal('key'), keyId: z.string() }),
]);

/** One tracked item: `tracked(String(position), message)` on the authority's side. */
const itemSchema = z.object({
  data: z.discriminatedUnion('type', [
    z.object({ type: z.literal('event'), event: eventSchema }),
    z.object({ type: z.literal('heartbeat'), position }),
  ]),
}) satisfies z.ZodType<{ data: FeedMessage }>;

/**
 * The authority's revocations as a tRPC subscription over server-sent events.
 *
 * One connection for each call of the source: it connects, streams, and ends once. When to connect again, and how long a
 * silence may last, is for the follower, who alone knows what it has understood so far. The `EventSource` would connect again by
 * itself after a break, so the first sign of one closes it. Each connection asks for its own token.
 */
export function revocationSourceOver(options: RevocationSourceOptions): FeedSource {
  return (from, handlers) => {
    const connection = openConnection(options);
    const once = onceOnly(handlers);
    const input = from === undefined ? {} : { lastEventId: String(from) };
    const subscription = connection.client.subscription('internal.revocations', input, {
      onData: (item) => {
        const { data, error } = itemSchema.safeParse(item);
        if (data) once.onMessage(data.data);
        else end(new AuthorityUnavailable('its feed said something that is not understood', error));
      },
      onConnectionStateChange: (state) => {
        if (state.state === 'connecting' && state.error) end(state.error);
      },
      onError: (error) => end(error),
      onComplete: () => end(),
    });
    // tRPC reports from later turns of the event loop only, so `subscription` is set whenever this runs.
    const end = (error?: unknown): void => {
      if (reasonOf(error) === 'invalid_token') connection.forgetToken();
      once.onEnd(error === undefined ? undefined : authorityFailure(error));
      subscription.unsubscribe();
    };
    return () => {
      once.mute();
      subscription.unsubscribe();
    };
  };
}

type StreamRequest = Readonly<{ headers: Record<string, string>; signal: AbortSignal }>;

/**
 * A tRPC client for one connection, which remembers the token it was opened with: one that is no longer taken (its
 * signing key was revoked, say) must not be brought to the next connection as well.
 */
function openConnection({ endpoint, tokens }: RevocationSourceOptions) {
  let used: ServiceToken | undefined;
  const forgetToken = (): void => {
    if (used !== undefined) tokens.forget(used);
  };
  const fetchAsService = async (url: string | URL, init: StreamRequest): Promise<Response> => {
    used = await tokens.token(audience, scope);
    const headers = { ...init.headers, authorization: `Bearer ${used}` };
    const response = await endpoint.fetch(url, { headers, signal: init.signal, redirect: 'error' });
    if (response.status === 401) forgetToken();
    return response;
  };
  const client = createTRPCUntypedClient<AnyRouter>({
    links: [
      httpSubscriptionLink({ url: trpcUrl(endpoint), EventSource, eventSourceOptions: { fetch: fetchAsService } }),
    ],
  });
  return { client, forgetToken };
}

/** Nothing after the end, and nothing after being closed. */
function onceOnly(handlers: FeedHandlers): FeedHandlers & { mute: () => void } {
  let over = false;
  return {
    onMessage: (message) => {
      if (!over) handlers.onMessage(message);
    },
    onEnd: (error) => {
      if (over) return;
      over = true;
      handlers.onEnd(error);
    },
    mute: () => {
      over = true;
    },
  };
}
