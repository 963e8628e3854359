import { getTRPCErrorShape, type AnyTRPCRouter, type TRPCError } from '@trpc/server';
import { getHTTPStatusCode } from '@trpc/server/http';
import type { TRPCErrorShape, TRPCResponse } from '@trpc/server/rpc';
import type { PlainCall } from './plain-calls.ts';

type FailedCall = Readonly<{ error: TRPCError; call?: PlainCall }>;
export type CallOutcome = Readonly<{ data: unknown }> | FailedCall;

/** The answer to calls, as JSON. */
export type CallAnswer = Readonly<{
  status: number;
  /** Those that its errors ask for. */
  headers: Readonly<Record<string, string>>;
  text: string;
}>;

/** Writes what came of the calls of a request as tRPC does (https://trpc.io/docs/rpc). @throws when JSON cannot say a result */
export function callAnswerWriter(router: AnyTRPCRouter) {
  const config = router._def._config;
  const serialize = (value: unknown): unknown => config.transformer.output.serialize(value);

  return (outcomes: readonly CallOutcome[], isBatch: boolean, headers: CallAnswer['headers']): CallAnswer => {
    const responses = outcomes.map(responseOf);
    const written = responses.map(serialized);
    return { status: statusOf(outcomes, responses), headers, text: JSON.stringify(isBatch ? written : written[0]) };
  };

  function responseOf(outcome: CallOutcome): TRPCResponse {
    if (!isFailed(outcome)) return { result: { data: outcome.data } };
    const { error, call } = outcome;
    const { type = 'unknown', path } = call?.procedure ?? {};
    const input = call?.input;
    // oxlint-disable-next-line typescript/no-unsafe-assignment -- tRPC types the errors of any router as `any`
    const shape: TRPCErrorShape = getTRPCErrorShape({ config, error, type, path, input, ctx: undefined });
    return { error: shape };
  }

  // As `transformTRPCResponse` of tRPC, without its copies.
  function serialized(response: TRPCResponse): unknown {
    if ('error' in response) return { error: serialize(response.error) };
    return { result: { data: serialize(response.result.data) } };
  }
}

function statusOf(outcomes: readonly CallOutcome[], responses: TRPCResponse[]): number {
  if (!outcomes.some(isFailed)) return 200;
  return getHTTPStatusCode(
    responses,
    outcomes.map((outcome) => (isFailed(outcome) ? outcome.error : undefined)),
  );
}

export function errorsOf(outcomes: readonly CallOutcome[]): TRPCError[] {
  const errors: TRPCError[] = [];
  for (const outcome of outcomes) if (isFailed(outcome)) errors.push(outcome.error);
  return errors;
}

function isFailed(outcome: CallOutcome): outcome is FailedCall {
  return 'error' in outcome;
}
