import { getTRPCErrorShape, type AnyTRPCRouter, type TRPCError } from '@trpc/server';
import { getHTTPStatusCode } from '@trpc/server/http';
import type { TRPCErrorShape, TRPCResponse } from '@trpc/server/rpc';
import type { PlainCall } from './plain-calls.ts';

export type CallOutcome = Readonly<{ data: unknown }> | Readonly<{ error: TRPCError; call?: PlainCall }>;

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

  return (outcomes: readonly CallOutcome[], isBatch: boolean): Pick<CallAnswer, 'status' | 'text'> => {
    const responses = outcomes.map(responseOf);
    const written = responses.map(serialized);
    return { status: statusOf(outcomes, responses), text: JSON.stringify(isBatch ? written : written[0]) };
  };

  function responseOf(outcome: CallOutcome): TRPCResponse {
    if (!('error' in outcome)) return { result: { data: outcome.data } };
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
  const errors = outcomes.map((outcome) => ('error' in outcome ? outcome.error : undefined));
  return errors.every((error) => error === undefined) ? 200 : getHTTPStatusCode(responses, errors);
}
