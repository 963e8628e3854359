import { getTRPCErrorFromUnknown, TRPCError, type AnyTRPCProcedure } from '@trpc/server';

/** What a call of a procedure brings. */
export type ProcedureCall = Parameters<AnyTRPCProcedure>[0];

export type CallResult = Readonly<{ ok: true; data: unknown }> | Readonly<{ ok: false; error: TRPCError }>;
type Changes = Readonly<{ ctx?: object; input?: unknown; getRawInput?: ProcedureCall['getRawInput'] }>;
export type Answer = Promise<CallResult | undefined>;
type Options = ProcedureCall & Readonly<{ meta: unknown; next: (changes?: Changes) => Answer }>;
type Middleware = (options: Options) => Answer;

/** As much of a procedure's inside as is needed to run it. */
type Chain = Readonly<{ middlewares?: readonly Middleware[]; meta?: unknown; caller?: unknown }>;

/**
 * Runs a procedure's middlewares, the last of which is its resolver, as the procedure itself does when it is called. Never rejects; what comes of
 * them still has to pass `answered`. tRPC's own code for that copies objects in a way that was compiled for old engines, and takes longer than
 * all middlewares. A procedure of another make calls itself.
 */
export function procedureCaller(procedure: AnyTRPCProcedure): (call: ProcedureCall) => Answer {
  const { middlewares, meta, caller }: Chain = procedure._def;
  if (middlewares === undefined || caller !== undefined) return (call) => resultOf(async () => procedure(call));
  const chain = middlewares;

  // Not `async`: each such function between two middlewares is another promise, and another turn of its queue.
  function runFrom(index: number, call: ProcedureCall): Answer {
    let given: Answer | undefined;
    const next = (changes?: Changes) =>
      (given = runFrom(index + 1, changes === undefined ? call : changed(call, changes)));
    try {
      const answer = chain[index]?.({ ...call, meta, next });
      // What `next` gave never rejects.
      return answer === given && given !== undefined ? given : Promise.resolve(answer).catch(failed);
    } catch (cause) {
      return Promise.resolve(failed(cause));
    }
  }

  return (call) => runFrom(0, call);
}

function failed(cause: unknown): CallResult {
  return { ok: false, error: getTRPCErrorFromUnknown(cause) };
}

/** A middleware that did not answer what `next` gave it has failed. */
export function answered(result: CallResult | undefined): CallResult {
  const code = 'INTERNAL_SERVER_ERROR';
  return result ?? { ok: false, error: new TRPCError({ code, message: 'No result from middlewares.' }) };
}

async function resultOf(run: () => Promise<unknown>): Answer {
  try {
    return { ok: true, data: await run() };
  } catch (cause) {
    return failed(cause);
  }
}

function changed(call: ProcedureCall, changes: Changes): ProcedureCall {
  const ctx: unknown = changes.ctx === undefined ? call.ctx : { ...contextOf(call), ...changes.ctx };
  const input = 'input' in changes ? changes.input : call.input;
  return { ...call, ctx, input, getRawInput: changes.getRawInput ?? call.getRawInput };
}

function contextOf({ ctx }: ProcedureCall): object {
  return typeof ctx === 'object' && ctx !== null ? ctx : {};
}
