import { getTRPCErrorFromUnknown, TRPCError, type AnyTRPCRouter, type inferRouterContext } from '@trpc/server';
import { callAnswerWriter, errorsOf, type CallAnswer, type CallOutcome } from './call-answer.ts';
import type { CallRequest } from './call-query.ts';
import type { Exchange } from './http-exchange.ts';
import { incomingReader, type TrpcEndpointOptions } from './incoming.ts';
import { isObject, plainCallReader, type PlainCall } from './plain-calls.ts';
import { answered, type CallResult } from './procedure-caller.ts';
import { headersOf } from './public-error.ts';

/**
 * Answers queries and mutations that are plain JSON by calling the procedures, without a Fetch request, response or stream in between.
 * `undefined`: not that plain, so tRPC's own resolver is to answer. What both can answer they answer alike, to the byte: a test
 * sends thousands of generated requests to either.
 */
export function directCalls<Router extends AnyTRPCRouter>(options: TrpcEndpointOptions<Router>) {
  const { onError } = options;
  const readIncoming = incomingReader(options.router);
  const readCalls = plainCallReader(options.router.router);
  const writeAnswer = callAnswerWriter(options.router.router);

  return (request: CallRequest): Promise<CallAnswer> | undefined => {
    const calls = readCalls(request);
    return calls && answerCalls(calls, request);
  };

  async function answerCalls(calls: readonly PlainCall[], { exchange, query }: CallRequest): Promise<CallAnswer> {
    const opening = openContext(calls, exchange);
    const opened = opening instanceof Promise ? await opening : opening;
    const called = calls.map((call, batchIndex) => run(call, { batchIndex, opened, exchange }));
    const outcomes = called.length === 1 && called[0] ? [await called[0]] : await Promise.all(called);
    const errors = errorsOf(outcomes);
    try {
      return writeAnswer(outcomes, query.isBatch, headersOf(errors));
    } catch (cause) {
      const error = getTRPCErrorFromUnknown(cause);
      onError(exchange, error);
      return writeAnswer([{ error }], false, headersOf([...errors, error]));
    }
  }

  type Opened = Readonly<{ ctx: inferRouterContext<Router> }> | Readonly<{ error: TRPCError }>;

  /** At once where the context is there at once. */
  function openContext(calls: readonly PlainCall[], exchange: Exchange): Opened | Promise<Opened> {
    const paths = calls.map(({ procedure }) => procedure.path);
    try {
      const ctx = options.createContext(readIncoming(paths, exchange));
      return isPromise(ctx) ? Promise.resolve(ctx).then((made) => ({ ctx: made }), unopened) : { ctx };
    } catch (cause) {
      return unopened(cause);
    }
  }

  type Place = Readonly<{ batchIndex: number; opened: Opened; exchange: Exchange }>;

  function run(call: PlainCall, { batchIndex, opened, exchange }: Place): Promise<CallOutcome> {
    if ('error' in opened) return Promise.resolve(finished({ ok: false, error: opened.error }, call, exchange));
    const { procedure, input } = call;
    const running = procedure.run({
      path: procedure.path,
      type: procedure.type,
      ctx: opened.ctx,
      getRawInput: () => Promise.resolve(input),
      signal: exchange.abort.signal,
      batchIndex,
      input: undefined,
    });
    return running.then((result) => finished(answered(result), call, exchange));
  }

  function finished(result: CallResult, call: PlainCall, exchange: Exchange): CallOutcome {
    const outcome = result.ok ? outcomeOf(result.data) : result;
    if (!('error' in outcome)) return outcome;
    onError(exchange, outcome.error);
    return { error: outcome.error, call };
  }
}

function unopened(cause: unknown): Readonly<{ error: TRPCError }> {
  return { error: getTRPCErrorFromUnknown(cause) };
}

function outcomeOf(data: unknown): CallOutcome {
  if (!isStream(data)) return { data };
  return { error: new TRPCError({ code: 'UNSUPPORTED_MEDIA_TYPE', message: 'This answer is a stream.' }) };
}

/** What tRPC takes for a stream of results: JSON would say nothing of it, or of a part of it. */
function isStream(data: unknown): boolean {
  if (!isObject(data)) return false;
  if (isAsyncIterable(data)) return true;
  // Without a list of the values: most results have none that comes later.
  for (const name in data)
    if ((isPromise(data[name]) || isAsyncIterable(data[name])) && Object.hasOwn(data, name)) return true;
  return false;
}

function isAsyncIterable(value: unknown): boolean {
  return isObject(value) && Symbol.asyncIterator in value;
}

function isPromise(value: unknown): boolean {
  if (typeof value !== 'function' && !isObject(value)) return false;
  return 'then' in value && typeof value['then'] === 'function' && typeof value['catch'] === 'function';
}
