import type { Caller } from '@sallyport/infra/one-caller';
import { z } from 'zod';
import type { LoadRequest } from './load-generator.ts';

const succeeded = z.object({ result: z.object({ data: z.unknown() }) });

/** What a mutation, or a query that came as one, answered. Rejects when it was refused. */
export async function callProcedure(
  caller: Caller,
  { path, body = '', headers }: Pick<LoadRequest, 'path' | 'body' | 'headers'>,
): Promise<unknown> {
  const answer = await caller.post(path, body, headers);
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${answer.body.slice(0, 200)}`);
  return succeeded.parse(JSON.parse(answer.body)).result.data;
}
