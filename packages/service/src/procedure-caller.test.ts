import { initTRPC, TRPCError } from '@trpc/server';
import { expect, test } from 'vitest';
import { answered, procedureCaller, type ProcedureCall } from './procedure-caller.ts';

const t = initTRPC.create();

const call: ProcedureCall = {
  path: 'greet',
  type: 'query',
  ctx: {},
  getRawInput: () => Promise.resolve(undefined),
  signal: undefined,
  batchIndex: 0,
  input: undefined,
};

const never = new Error('This was not to be called.');

test('a middleware that forgets what `next` gave it has failed, in the middle of a chain and at its front', async () => {
  // oxlint-disable-next-line typescript/no-explicit-any -- no type lets one forget
  const forget = (async () => undefined) as any;
  const front = t.procedure.use(forget).query(() => {
    throw never;
  });
  const passed: unknown[] = [];
  const middle = t.procedure
    .use(({ next }) => next())
    .use(async ({ next }) => {
      const result = await next();
      passed.push(result);
      return result;
    })
    .use(forget)
    .query(() => {
      throw never;
    });
  for (const procedure of [front, middle]) {
    const result = answered(await procedureCaller(procedure)(call));
    expect(result).toEqual({ ok: false, error: expect.any(TRPCError) });
    await expect(procedure(call)).rejects.toMatchObject({ code: 'INTERNAL_SERVER_ERROR' });
  }
  expect(passed).toHaveLength(2);
});

test('whoever waits for `next` sees a failure as a result, whether it was thrown at once or later', async () => {
  const failures = [
    () => {
      throw new Error('at once');
    },
    async () => {
      await Promise.resolve();
      throw new Error('later');
    },
  ];
  for (const fail of failures) {
    const seen: boolean[] = [];
    const procedure = t.procedure
      .use(async ({ next }) => {
        const result = await next();
        seen.push(result.ok);
        return result;
      })
      .use(({ next }) => next())
      .use(fail)
      .query(() => 'greeted');
    const result = await procedureCaller(procedure)(call);
    expect(result).toMatchObject({ ok: false, error: { cause: { message: expect.any(String) } } });
    expect(seen).toEqual([false]);
  }
});

test('what comes of the last of several calls of `next` is not taken for what comes of another', async () => {
  let run = 0;
  const procedure = t.procedure
    .use(async ({ next }) => {
      const first = await next();
      await next();
      return first;
    })
    .query(() => (run += 1));
  expect(await procedureCaller(procedure)(call)).toMatchObject({ ok: true, data: 1 });
});
