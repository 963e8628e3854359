import type { SealedRouter } from '@sallyport/auth/trpc';
import type { AnyTRPCRouter } from '@trpc/server';
import { directCalls } from './direct-calls.ts';
import { drain, openExchanges } from './drain.ts';
import { answer, type Endpoints } from './endpoints.ts';
import { healthRoutes, type Readiness, type Readings } from './health.ts';
import { openExchange, type Exchange } from './http-exchange.ts';
import type { TrpcEndpointOptions } from './incoming.ts';
import type { Log } from './log.ts';
import type { MutualTls } from './mutual-tls.ts';
import { openListeners } from './open-listeners.ts';
import { requestLog } from './request-log.ts';
import type { Route } from './routes.ts';
import { startTogether } from './start-together.ts';
import { openPathLabels } from './telemetry/path-labels.ts';
import { noTelemetry, tellRequest, type Telemetry } from './telemetry/telemetry.ts';
import { trpcEndpoint } from './trpc-endpoint.ts';
import { answerUnreadable } from './unreadable-request.ts';

export type ServeOptions<Router extends AnyTRPCRouter> = Readonly<{
  /** Told by `/healthz`, so that one sees who answers at a port. */
  name: string;
  router: SealedRouter<Router>;
  /** 0: any free port. */
  port: number;
  host: string;
  createContext: TrpcEndpointOptions<Router>['createContext'];
  readiness: Readiness;
  /** Told by `/readyz` beside the parts. */
  readings?: Readings;
  log: Log;
  /** What counts the requests. Default: nothing does. It is closed with the service. */
  telemetry?: Telemetry | undefined;
  /**
   * Where clients find this service, e.g. `https://catalog.example`: what a proof of possession must name. Without any: the address it
   * listens on, and `localhost` beside a loopback one.
   */
  publicUrls?: readonly string[];
  /** A second address, on which only holders of a certificate of the house get an answer. Default: none. */
  mutualTls?: MutualTls | undefined;
  /** Paths that are asked every second and say nothing new: their lines in the log are `debug`, unless one is refused. Default: none. */
  routinePaths?: readonly string[];
  /** Whether plain JSON calls are made without tRPC's own HTTP code, which costs more than they do. The answers are the same. Default: true. */
  directCalls?: boolean | undefined;
  /** Endpoints outside tRPC. `/healthz` and `/readyz` are there already. */
  routes?: readonly Route[];
  /** Default 64 kB. */
  maxBodyBytes?: number;
  /** Calls in one request. Default 10. */
  maxBatchSize?: number;
  /** Connections at a time; further ones are closed unanswered. Default 2000. */
  maxConnections?: number;
  /** Web pages that may read the answers, each as `https://host:port`. Default: none. */
  allowedOrigins?: readonly string[];
  /** Milliseconds in which a whole request must have arrived; its headers within 10 s of them. Default 15,000. */
  receiveWithinMs?: number;
  /** Milliseconds that requests under way get to finish when the service stops. Default 5000. */
  drainWithinMs?: number;
  /** Runs when the last request is done: close pools and feeds here. */
  onClose?: () => Promise<void>;
}>;

export type Running = Readonly<{
  /** Where it listens, with the real port. No slash at the end. */
  url: string;
  /** Where the other services of the house find it, if they are to show certificates. */
  mutualTlsUrl?: string;
  /** Refuses what is new, finishes what is under way, ends streams, runs `onClose`. Safe to call again. */
  close: () => Promise<void>;
}>;

/**
 * Serves a router over HTTP under `/trpc`, with the limits and the error shape that every service shares.
 * @throws SettingsError when the address cannot be listened on
 */
export async function serve<Router extends AnyTRPCRouter>(options: ServeOptions<Router>): Promise<Running> {
  const { log, maxBatchSize = 10, telemetry = noTelemetry } = options;
  const exchanges = openExchanges();
  const requests = requestLog(log, options.routinePaths);
  const calls: TrpcEndpointOptions<Router> = {
    router: options.router,
    createContext: options.createContext,
    maxBatchSize,
    onStream: exchanges.markStream,
    onError: requests.failed,
  };
  const endpoints: Endpoints = {
    limits: { maxBodyBytes: options.maxBodyBytes ?? 64 * 1024, maxBatchSize },
    allowedOrigins: options.allowedOrigins ?? [],
    routes: [...healthRoutes(options), ...(options.routes ?? [])],
    answerDirectly: options.directCalls === false ? () => undefined : directCalls(calls),
    answerByTrpc: trpcEndpoint(calls),
    isStopping: exchanges.isStopping,
    onError: requests.failed,
  };

  const start = startTogether<Exchange>((exchange) => void answer(exchange, endpoints));
  const labelOf = openPathLabels(options.router.tiers.keys(), endpoints.routes);
  if (options.readings !== undefined) telemetry.meters.watch(options.readings);

  const { servers, ...urls } = await openListeners(options, {
    onRequest: (request, response, publicUrlOf) => {
      const exchange = openExchange(request, response, { publicUrlOf, readTrace: telemetry.tracing.readTrace });
      exchanges.add(exchange);
      response.on('close', () => {
        if (!response.writableFinished) exchange.abort.abort();
        exchanges.remove(exchange);
        const tookMs = performance.now() - exchange.startedAtMs;
        requests.done(exchange, tookMs);
        tellRequest(telemetry, exchange, { path: labelOf(exchange.path), tookMs });
      });
      start(exchange);
    },
    onUnreadable: (error, socket) => answerUnreadable(error, { socket, exchanges: exchanges.on(socket), log }),
  });
  log.info(urls, 'listening');
  let closed: Promise<void> | undefined;
  const close = async () => {
    log.info('stopping');
    await drain(servers, exchanges, options.drainWithinMs ?? 5000);
    await options.onClose?.().catch((error: unknown) => {
      log.error({ err: error }, 'could not close everything');
      throw error;
    });
    await telemetry.close();
    log.info('stopped');
  };
  return { ...urls, close: () => (closed ??= close()) };
}
