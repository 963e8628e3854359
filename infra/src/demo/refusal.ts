import assert from 'node:assert/strict';

/** The error that a call must fail with. Throws when it succeeds. */
export async function refusalOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => assert.fail('this must be refused, and was not'),
    (error: unknown) => error,
  );
}
