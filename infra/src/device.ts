import type { AuthRouter } from '@sallyport/auth-service/contract';
import type { CatalogRouter } from '@sallyport/catalog/contract';
import {
  createSallyportClient,
  inMemoryTokenStore,
  type OnStepUp,
  type SallyportClient,
  type TokenSet,
} from '@sallyport/client';
import type { PaymentsRouter } from '@sallyport/payments/contract';
import { createTRPCClient, httpLink, type TRPCClient } from '@trpc/client';
import type { ServiceName } from './service-process.ts';
import type { System } from './system.ts';

type SystemRouters = { auth: AuthRouter; catalog: CatalogRouter; payments: PaymentsRouter };

/** What a service answered last: its HTTP status, its trace, and the challenge that it sent. */
export type Answer = Readonly<{ service: ServiceName; status: number; traceId: string; challenge: string | undefined }>;

export type Device = Readonly<{
  client: SallyportClient<SystemRouters>;
  /** The tokens that it holds. Throws when nobody is signed in on it. */
  tokens: () => Promise<TokenSet>;
  /** The last answer. Throws when there was none. */
  lastAnswer: () => Answer;
  /** Calls with these headers and nothing else: no refresh, no step-up. */
  raw: <Name extends ServiceName>(
    service: Name,
    headers?: Readonly<Record<string, string>>,
  ) => TRPCClient<SystemRouters[Name]>;
}>;

/** One person's front end: a client of the system that remembers what it was answered. */
export function openDevice(urls: System['urls'], onStepUp?: OnStepUp): Device {
  const store = inMemoryTokenStore();
  let answer: Answer | undefined;
  const remember: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    answer = answerOf(urls, response);
    return response;
  };
  return {
    client: createSallyportClient<SystemRouters>({ urls, store, fetch: remember, ...(onStepUp && { onStepUp }) }),
    tokens: async () => (await store.read()) ?? failNow('Nobody is signed in on this device.'),
    lastAnswer: () => answer ?? failNow('There was no answer.'),
    raw: (service, headers = {}) => {
      const link = httpLink({
        url: `${urls[service]}/trpc`,
        headers: { ...headers },
        // tRPC's `signal: undefined` is not what the standard's types allow.
        fetch: (url: string, init) => remember(url, { ...init, signal: init?.signal ?? null }),
      });
      return createTRPCClient({ links: [link] });
    },
  };
}

/** The headers of a call that carries this access token. */
export function bearing({ accessTokens }: TokenSet, audience: ServiceName): { authorization: string } {
  return { authorization: `Bearer ${accessTokens[audience]?.token ?? failNow(`There is no token for ${audience}.`)}` };
}

function answerOf(urls: System['urls'], response: Response): Answer {
  const names: readonly ServiceName[] = ['auth', 'catalog', 'payments'];
  return {
    service:
      names.find((name) => response.url.startsWith(urls[name])) ?? failNow(`${response.url} is not of the system.`),
    status: response.status,
    traceId: response.headers.get('request-id') ?? '',
    challenge: response.headers.get('www-authenticate') ?? undefined,
  };
}

function failNow(message: string): never {
  throw new Error(message);
}
