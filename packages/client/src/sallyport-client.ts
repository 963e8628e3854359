import { createTRPCClient, createTRPCUntypedClient, type TRPCClient, type TRPCLink } from '@trpc/client';
import type { AnyRouter } from '@trpc/server';
import { authorityCalls, type Credentials } from './authority-calls.ts';
import { authorizationLink } from './authorization-link.ts';
import { consistencyLink, consistencyMemory } from './consistency-link.ts';
import type { HttpEndpoint } from './http-endpoint.ts';
import { idempotencyLink } from './idempotency-link.ts';
import { leaveForProvider, type BackFromProvider, type Leaving, type ProviderSignIn } from './provider-sign-in.ts';
import { provingFetch } from './proving-fetch.ts';
import { readPasskeyOptions, type PasskeyOptions } from './second-factor.ts';
import type { SenderKey } from './sender-key.ts';
import { sendingLink } from './sending-link.ts';
import { openSessionKeeper } from './session-keeper.ts';
import { stepUpLink, stepUpTogether, type OnStepUp } from './step-up-link.ts';
import type { Session } from './token-set.ts';
import { inMemoryTokenStore, type TokenStore } from './token-store.ts';

/** The router types of the services to call, by name. A service's name is the audience of its access tokens. */
export type Routers = Readonly<{ auth: AnyRouter; catalog: AnyRouter; payments: AnyRouter }>;

export type SallyportClientOptions = Readonly<{
  /** Where each service is, e.g. `http://localhost:4001`. */
  urls: Readonly<Record<keyof Routers, string>>;
  /** This front end, as the authority knows it. Default `web`. */
  clientId?: string;
  /** Default: in memory, forgotten on reload. */
  store?: TokenStore;
  /** Without it, a service's demand to step up is the caller's error. */
  onStepUp?: OnStepUp;
  /**
   * From `newSenderKey`: all tokens are then bound to this key (RFC 9449), and nobody who reads one can use it. A store that outlives
   * the page needs the same pair again.
   */
  senderKey?: SenderKey;
  fetch?: typeof fetch;
  /** Milliseconds that only ever grow. Default `performance.now`. */
  monotonicMs?: () => number;
}>;

/** Procedures that deal in refresh tokens. The client makes these calls itself; made past it, they would lose the session. */
type KeptByClient =
  | 'signIn'
  | 'signInFromProvider'
  | 'beginPasskeySignIn'
  | 'signInByPasskey'
  | 'refresh'
  | 'stepUp'
  | 'signOut';

export type SallyportClient<Of extends Routers> = Readonly<{
  auth: Omit<TRPCClient<Of['auth']>, KeptByClient>;
  catalog: TRPCClient<Of['catalog']>;
  payments: TRPCClient<Of['payments']>;
  /** Throws tRPC's error when the credentials are wrong, or nobody answers. A session that was held before is not ended. */
  signIn: (credentials: Credentials) => Promise<Session>;
  /** Begins a sign-in with an identity provider: send the browser to `url`, and keep `verifier` until it is back. Asks nobody. */
  leaveForProvider: (signIn: ProviderSignIn) => Promise<Leaving>;
  /** Ends it, like `signIn`, with the `code` of the address that the browser came back to. */
  signInFromProvider: (back: BackFromProvider) => Promise<Session>;
  /**
   * Signs in with a passkey alone: `ask` shows the options to `navigator.credentials.get()` and resolves to what it answered
   * (`credential.toJSON()`). Whatever `ask` throws is thrown.
   */
  signInByPasskey: (ask: (options: PasskeyOptions) => Promise<unknown>) => Promise<Session>;
  /**
   * Forgets the tokens in any case, and ends the session at the authority. Throws when the authority could not be told:
   * this device is signed out, the session is not.
   */
  signOut: () => Promise<void>;
  /** Who is signed in here, as far as this client knows. */
  session: () => Promise<Session | undefined>;
  /**
   * The newest that the authority has handed out, as it does for everything that it ends. This client presents it with every call;
   * give it to whoever else must not be answered from a state before, as the header `Consistency-Token`.
   */
  consistencyToken: () => string | undefined;
}>;

/**
 * A typed client for the services, that stays signed in and steps up by itself:
 *
 *     import type { AuthRouter } from '@sallyport/auth-service/contract';
 *     import type { CatalogRouter } from '@sallyport/catalog/contract';
 *     import type { PaymentsRouter } from '@sallyport/payments/contract';
 *     import { createSallyportClient, isStepUpRequired } from '@sallyport/client';
 *
 *     const sallyport = createSallyportClient<{ auth: AuthRouter; catalog: CatalogRouter; payments: PaymentsRouter }>({
 *       urls: { auth: 'http://localhost:4000', catalog: 'http://localhost:4001', payments: 'http://localhost:4002' },
 *       onStepUp: async ({ maxAgeSeconds }) => window.prompt(`Code from your authenticator (good for ${maxAgeSeconds} s)`) ?? undefined,
 *     });
 *
 *     await sallyport.signIn({ email: 'ada@sallyport.example', password: 'correct horse battery staple' });
 *     const products = await sallyport.catalog.products.list.query({});
 *     const balance = await sallyport.payments.balance.query();
 *     try {
 *       await sallyport.payments.topUp.mutate({ amount: '1999', currency: 'EUR' });
 *     } catch (error) {
 *       if (!isStepUpRequired(error)) throw error; // The prompt was declined: error.data.challenge says what was asked for.
 *     }
 *     await sallyport.signOut();
 *
 * What a call goes through, outermost first: a mutation gets its idempotency key; a demand to step up is met; the access
 * token is added, and renewed when it is over; what this client knows to have ended is named; and the call is sent.
 */
export function createSallyportClient<Of extends Routers>(options: SallyportClientOptions): SallyportClient<Of> {
  const { clientId = 'web', store = inMemoryTokenStore(), urls } = options;
  const plainFetch: typeof fetch = options.fetch ?? ((input, init) => fetch(input, init));
  const { senderKey } = options;
  const doFetch = senderKey === undefined ? plainFetch : provingFetch(senderKey, plainFetch);
  const scheme = senderKey === undefined ? 'Bearer' : 'DPoP';
  const consistency = consistencyMemory();
  const authority = authorityCalls({ url: urls.auth, fetch: doFetch }, clientId, consistency);
  const keeper = openSessionKeeper({
    authority,
    store,
    monotonicMs: options.monotonicMs ?? (() => performance.now()),
  });
  const toAuthority = authorizationLink<AnyRouter>(keeper, { audience: 'auth', scheme });
  const passkeyOptions = askForPasskey(toAuthority, { url: urls.auth, fetch: doFetch });
  const onStepUp: OnStepUp = options.onStepUp ?? (() => Promise.resolve(undefined));
  const stepUp = stepUpTogether(keeper, onStepUp, { passkeyOptions });

  const clientFor = <Router extends AnyRouter>(service: keyof Routers): TRPCClient<Router> =>
    createTRPCClient<Router>({
      links: [
        idempotencyLink(),
        stepUpLink(keeper, stepUp),
        authorizationLink(keeper, { audience: service, scheme }),
        consistencyLink(consistency),
        // The authority takes sign-in, step-up and refresh one at a time, and so everything.
        sendingLink({ url: urls[service], fetch: doFetch }, service !== 'auth'),
      ],
    });

  return {
    auth: clientFor<Of['auth']>('auth'),
    catalog: clientFor<Of['catalog']>('catalog'),
    payments: clientFor<Of['payments']>('payments'),
    signIn: keeper.signIn,
    leaveForProvider: (signIn) => leaveForProvider({ authority: urls.auth, clientId }, signIn),
    signInFromProvider: keeper.signInFromProvider,
    signInByPasskey: async (ask) => keeper.signInByPasskey(await ask(await authority.beginPasskeySignIn())),
    signOut: keeper.signOut,
    session: async () => (await keeper.current())?.tokens.session,
    consistencyToken: consistency.newest,
  };
}

/** Past the step-up link: what meets a demand to step up must not wait for one. */
function askForPasskey(authorized: TRPCLink<AnyRouter>, endpoint: HttpEndpoint): () => Promise<PasskeyOptions> {
  const client = createTRPCUntypedClient<AnyRouter>({ links: [authorized, sendingLink(endpoint, false)] });
  return async () => readPasskeyOptions(await client.mutation('passkeys.beginStepUp'));
}
