import { reasonOf, statusOf } from '@sallyport/client';

/** Status and reason of a call that a service refused, or what it answered when it did not. */
export async function refusal(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (answer) => ({ answered: answer }),
    (error: unknown) => {
      const status = statusOf(error);
      if (status === undefined) throw error;
      return { status, reason: reasonOf(error) };
    },
  );
}
