import type { AnyTRPCProcedure, AnyTRPCRouter, TRPCDataTransformer } from '@trpc/server';
import type { CallRequest } from './call-query.ts';
import type { Exchange } from './http-exchange.ts';
import { procedureCaller, type Answer, type ProcedureCall } from './procedure-caller.ts';
import { trpcPath } from './trpc-endpoint.ts';

export type PlainCall = Readonly<{ procedure: PlainProcedure; input: unknown }>;

type PlainProcedure = Readonly<{
  path: string;
  type: 'query' | 'mutation';
  run: (call: ProcedureCall) => Answer;
}>;

/**
 * Reads the calls of requests that are plain JSON: queries by GET or POST, mutations by POST, alone or in a batch of one kind, at
 * addresses as tRPC's own links write them. `undefined` for everything else, above all for what no call is made of: an unknown path,
 * a method that does not fit, input that is no JSON.
 */
export function plainCallReader(router: AnyTRPCRouter): (request: CallRequest) => readonly PlainCall[] | undefined {
  const known = plainProcedures(router);
  const { input: transformer } = router._def._config.transformer;

  return ({ exchange, query, body }) => {
    if (!query.isPlain || asksForStream(exchange)) return undefined;
    const { method, path } = exchange;
    const called = calledBy(path, query.isBatch);
    if (called === undefined || (called[0]?.type === 'mutation' && method !== 'POST')) return undefined;
    try {
      const inputs = readInputs(method === 'POST' ? body : query.input, query.isBatch);
      return called.map((procedure, index) => ({ procedure, input: deserialized(transformer, inputs[index]) }));
    } catch {
      return undefined;
    }
  };

  /** All of one kind; `undefined` when one is unknown or of the other. */
  function calledBy(path: string, isBatch: boolean): readonly PlainProcedure[] | undefined {
    const procedures: PlainProcedure[] = [];
    // One call is looked up by its path as it came, which others look up too: a part of it would be a new text.
    const paths = isBatch ? Array.from(path.slice(trpcPath.length).split(','), (name) => trpcPath + name) : [path];
    for (const each of paths) {
      const procedure = known.get(each);
      if (procedure === undefined || procedure.type !== (procedures[0] ?? procedure).type) return undefined;
      procedures.push(procedure);
    }
    return procedures;
  }
}

/** No procedure of another name can be meant by a path that is spelled like this. */
const plainName = /^[\w.~-]+$/;

/** By the paths at which they are called. */
function plainProcedures(router: AnyTRPCRouter): ReadonlyMap<string, PlainProcedure> {
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- tRPC types the procedures of any router as `any`
  const procedures: Readonly<Record<string, AnyTRPCProcedure>> = router._def.procedures;
  const known = new Map<string, PlainProcedure>();
  for (const [path, procedure] of Object.entries(procedures)) {
    const { type } = procedure._def;
    if (type !== 'subscription' && plainName.test(path))
      known.set(trpcPath + path, { path, type, run: procedureCaller(procedure) });
  }
  return known;
}

/** Whoever names another form of answer gets it from tRPC's resolver. */
function asksForStream({ headers }: Exchange): boolean {
  return headers('trpc-accept').length > 0 || headers('accept').some((value) => value.includes('jsonl'));
}

/** Inputs by the places of their calls. @throws when they are no JSON, or those of a batch no object */
function readInputs(text: string | undefined, isBatch: boolean): Readonly<Record<number, unknown>> {
  if (text === undefined || text === '') return {};
  const inputs: unknown = JSON.parse(text);
  if (!isBatch) return [inputs];
  if (!isObject(inputs)) throw new TypeError('The inputs of a batch are no object.');
  return inputs;
}

export function isObject(value: unknown): value is Readonly<Record<PropertyKey, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function deserialized(transformer: TRPCDataTransformer, input: unknown): unknown {
  return input === undefined ? undefined : transformer.deserialize(input);
}
