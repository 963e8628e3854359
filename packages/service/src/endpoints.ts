import type { CallAnswer } from './call-answer.ts';
import { readCallQuery, type CallQuery, type CallRequest } from './call-query.ts';
import { admitOrigin } from './cross-origin.ts';
import { sendAnswer, sendCallAnswer, sendWebResponse } from './http-answer.ts';
import type { Exchange } from './http-exchange.ts';
import { errorShape, headersOf, publicErrorOf } from './public-error.ts';
import { refuseRequest } from './refusal.ts';
import { readBody } from './request-body.ts';
import { checkBatch, checkContentType, checkHead, checkNesting, checkNoBody } from './request-limits.ts';
import { formContentType, readForm, type HttpRequest, type Route } from './routes.ts';
import { trpcPath } from './trpc-endpoint.ts';

type Limits = Readonly<{ maxBodyBytes: number; maxBatchSize: number }>;

export type Endpoints = Readonly<{
  limits: Limits;
  allowedOrigins: readonly string[];
  routes: readonly Route[];
  /** For calls that are plain JSON; `undefined` for all others. */
  answerDirectly: (request: CallRequest) => Promise<CallAnswer> | undefined;
  answerByTrpc: (request: CallRequest) => Promise<Response>;
  isStopping: () => boolean;
  onError: (exchange: Exchange, error: Error) => void;
}>;

/** Answers one exchange, whatever it takes: every way out of here ends the response. */
export async function answer(exchange: Exchange, endpoints: Endpoints): Promise<void> {
  const isTrpc = exchange.path.startsWith(trpcPath);
  const routes = isTrpc ? [] : endpoints.routes.filter(({ path }) => path === exchange.path);
  try {
    if (admitOrigin(exchange, endpoints.allowedOrigins)) return;
    if (endpoints.isStopping()) refuseRequest('temporarily_unavailable');
    checkHead(exchange);
    if (isTrpc) await answerTrpc(exchange, endpoints);
    else if (routes.length > 0) await answerRoute(exchange, routes, endpoints.limits);
    else refuseRequest('not_found');
  } catch (error) {
    answerError(exchange, asError(error), { route: routes[0], onError: endpoints.onError });
  }
}

// What every read passes is not `async` where nothing is waited for: such a function leaves half a kilobyte behind.
function answerTrpc(exchange: Exchange, endpoints: Endpoints): Promise<void> {
  const { maxBatchSize } = endpoints.limits;
  checkMethod(exchange, trpcMethods);
  const query = readCallQuery(exchange.query);
  checkBatch(exchange, query, maxBatchSize);
  if (exchange.method === 'GET') return answerCalls({ exchange, query, body: noBody(exchange, query) }, endpoints);
  return readJson(exchange, endpoints.limits).then((body) => answerCalls({ exchange, query, body }, endpoints));
}

const trpcMethods = ['GET', 'POST'];

function answerCalls(request: CallRequest, { answerDirectly, answerByTrpc }: Endpoints): Promise<void> {
  const { exchange } = request;
  const direct = answerDirectly(request);
  if (direct !== undefined) return direct.then((called) => sendCallAnswer(exchange, called));
  return answerByTrpc(request).then((web) => sendWebResponse(exchange, web));
}

async function readJson(exchange: Exchange, { maxBodyBytes }: Limits): Promise<string> {
  checkContentType(exchange, 'application/json');
  const body = await readBody(exchange.request, maxBodyBytes);
  checkNesting(body);
  return body;
}

function noBody(exchange: Exchange, { input }: CallQuery): undefined {
  checkNoBody(exchange);
  checkNesting(input);
}

async function answerRoute(exchange: Exchange, routes: readonly Route[], { maxBodyBytes }: Limits): Promise<void> {
  checkMethod(
    exchange,
    routes.map(({ method }) => method),
  );
  const route = routes.find(({ method }) => method === exchange.method);
  if (route === undefined) return refuseRequest('method_not_allowed');
  if (route.method === 'GET') checkNoBody(exchange);
  const body = route.method === 'POST' ? await readBody(exchange.request, maxBodyBytes) : '';
  const { headers, remoteAddress, sender, abort, trace } = exchange;
  const request: HttpRequest = {
    header: headers,
    remoteAddress,
    sender,
    signal: abort.signal,
    trace,
    form: () => {
      checkContentType(exchange, formContentType);
      return readForm(body);
    },
    query: () => readForm(exchange.query),
  };
  sendAnswer(exchange, await route.handle(request));
}

function checkMethod({ method, answerHeaders }: Exchange, allowed: readonly string[]): void {
  if (allowed.includes(method)) return;
  answerHeaders.push('Allow', allowed.join(', '));
  refuseRequest('method_not_allowed');
}

type Failing = Readonly<{ route: Route | undefined; onError: Endpoints['onError'] }>;

function answerError(exchange: Exchange, error: Error, { route, onError }: Failing): void {
  onError(exchange, error);
  // Too late for an answer: the caller sees a broken one rather than a short one that looks whole.
  if (exchange.response.headersSent) {
    exchange.response.destroy();
    return;
  }
  const publicError = publicErrorOf(error);
  const json = route?.errorBody?.(publicError) ?? { error: errorShape(publicError) };
  sendAnswer(exchange, { status: publicError.httpStatus, headers: headersOf([error]), json });
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error('Something that is no Error was thrown.');
}
