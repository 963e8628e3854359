import { trustTiers, type FeedHandlers, type FeedMessage, type FeedSource } from '@sallyport/auth';
import { createTRPCUntypedClient, httpLink, httpSubscriptionLink } from '@trpc/client';
import type { AnyRouter } from '@trpc/server';
import { EventSource } from 'eventsource';
import * as z from 'zod';
import { AuthorityUnavailable, authorityFailure } from './authority-failure.ts';
import { reasonOf } from './denial-answer.ts';
import { addressedTo, trpcUrl, type HttpEndpoint } from './http-endpoint.ts';
import { linkFetchBy } from './link-fetch.ts';
import type { SendRequest } from './send-request.ts';
import { serviceTokenLink } from './service-token-link.ts';
import type { ServiceTokens } from './service-token.ts';
import type { ServiceToken } from './token-endpoint.ts';

/** `endpoint`: for the stream; `send`: for questions beside it. */
export type RevocationSourceOptions = Readonly<{
  endpoint: HttpEndpoint;
  send: SendRequest;
  tokens: ServiceTokens;
  /** Characters that one event of the stream may have: a longer one ends the connection. */
  maxEventLength: number;
}>;

const audience = 'auth';
const scope = 'revocations';

const position = z.int().nonnegative();
const upToSerial = z.int().nonnegative();

// A kind that we do not know is a revocation that we could not honour, so it must not pass for one: it ends the feed.
const told = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('session'), session: z.string() }),
  z.object({ kind: z.literal('token'), tokenId: z.string() }),
  z.object({ kind: z.literal('subject'), subject: z.string(), upToSerial }),
  z.object({ kind: z.literal('client'), client: z.string(), upToSerial }),
  z.object({ kind: z.literal('everyone'), upToSerial }),
  z.object({ kind: z.literal('key'), keyId: z.string() }),
  z.object({ kind: z.literal('policy'), version: z.int().nonnegative() }),
  z.object({
    kind: z.literal('restrictions'),
    version: z.int().nonnegative(),
    tiers: z.partialRecord(z.enum(trustTiers), z.enum(['fail-closed', 'closed'])),
    accessTokenSeconds: z.int().positive().optional(),
  }),
]);

const message = z.discriminatedUnion('type', [
  z.object({ type: z.literal('resumed'), position }),
  z.object({
    type: z.literal('snapshot'),
    page: z.int().nonnegative(),
    inForce: z.array(told),
    position: position.optional(),
  }),
  z.object({ type: z.literal('event'), event: z.intersection(z.object({ position }), told) }),
  z.object({ type: z.literal('heartbeat'), position }),
]) satisfies z.ZodType<FeedMessage>;

/** One tracked item. Its id stands for the place after it, and is opaque here. */
const itemSchema = z.object({ id: z.string(), data: message });

const answerSchema = z.object({ position, place: z.string() });

/** The place that the authority gave with a position, for coming back to it. */
type Place = Readonly<{ position: number; id: string }>;

/**
 * The authority's revocations as a tRPC subscription over server-sent events.
 *
 * One connection for each call of the source: it connects, streams, and ends once. When to connect again, and how long a
 * silence may last, is for the follower, who alone knows what it has understood so far. The `EventSource` would connect again by
 * itself after a break, so the first sign of one closes it. Each connection asks for its own token.
 *
 * The id of an event also says which history it is of, so the position that the follower comes back with goes out as the
 * id that came with it. Positions are asked for over a connection other than the stream's. A source is for one follower.
 */
export function revocationSourceOver(options: RevocationSourceOptions): FeedSource {
  let reached: Place | undefined;

  const open: FeedSource['open'] = (from, handlers) => {
    const connection = openConnection(options);
    const once = onceOnly(handlers);
    const input = from !== undefined && reached?.position === from ? { lastEventId: reached.id } : {};
    const subscription = connection.client.subscription('internal.revocations', input, {
      onData: (item) => {
        const { data, error } = itemSchema.safeParse(item);
        if (data === undefined)
          return end(new AuthorityUnavailable('its feed said something that is not understood', error));
        if (once.onMessage(data.data)) reached = placeAfter(data) ?? reached;
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

  const ask = positionQuestion(options);
  return {
    open,
    async askPosition(signal) {
      const { position: last, place } = await ask(signal);
      // The same position, and something else there: what was said before it may be missing here.
      if (reached?.position === last && reached.id !== place)
        throw new AuthorityUnavailable('its revocations are of another history');
      return last;
    },
  };
}

function placeAfter({ id, data }: z.output<typeof itemSchema>): Place | undefined {
  const after = data.type === 'event' ? data.event.position : data.position;
  return after === undefined ? undefined : { position: after, id };
}

function positionQuestion({ endpoint, send, tokens }: RevocationSourceOptions) {
  const client = createTRPCUntypedClient<AnyRouter>({
    links: [
      serviceTokenLink({ tokens, audience, scope }),
      httpLink({ ...addressedTo(endpoint), fetch: linkFetchBy(send) }),
    ],
  });
  return async (signal: AbortSignal): Promise<z.output<typeof answerSchema>> => {
    try {
      return answerSchema.parse(await client.query('internal.position', undefined, { signal }));
    } catch (error) {
      throw authorityFailure(error);
    }
  };
}

type StreamRequest = Readonly<{ headers: Record<string, string>; signal: AbortSignal }>;

/**
 * A tRPC client for one connection, which remembers the token it was opened with: one that is no longer taken (its
 * signing key was revoked, say) must not be brought to the next connection as well.
 */
function openConnection({ endpoint, tokens, maxEventLength }: RevocationSourceOptions) {
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
  const eventSourceOptions = { fetch: fetchAsService, maxBufferSize: maxEventLength };
  const client = createTRPCUntypedClient<AnyRouter>({
    links: [httpSubscriptionLink({ url: trpcUrl(endpoint), EventSource, eventSourceOptions })],
  });
  return { client, forgetToken };
}

/** Nothing after the end, and nothing after being closed. */
function onceOnly(handlers: FeedHandlers): FeedHandlers & Readonly<{ mute: () => void }> {
  let over = false;
  return {
    onMessage: (received: FeedMessage): boolean => !over && handlers.onMessage(received),
    onEnd: (error?: unknown): void => {
      if (over) return;
      over = true;
      handlers.onEnd(error);
    },
    mute: (): void => {
      over = true;
    },
  };
}
