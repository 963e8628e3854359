import { TRPCClientError, type Operation, type OperationResultEnvelope, type TRPCLink } from '@trpc/client';
import type { AnyRouter } from '@trpc/server';
import { observable, type Unsubscribable } from '@trpc/server/observable';

export type Answer<Router extends AnyRouter> = OperationResultEnvelope<unknown, TRPCClientError<Router>>;
export type Send<Router extends AnyRouter> = (op: Operation) => Promise<Answer<Router>>;

/**
 * A tRPC link written as an async function, for queries and mutations: they have one answer. `handle` may send the
 * operation, changed or again; what it throws becomes the caller's error.
 */
export function oneAnswerLink<Router extends AnyRouter>(
  handle: (op: Operation, send: Send<Router>) => Promise<Answer<Router>>,
): TRPCLink<Router> {
  return () =>
    ({ op, next }) =>
      observable((observer) => {
        let sent: Unsubscribable | undefined;
        const send: Send<Router> = (sending) =>
          new Promise((resolve, reject) => {
            sent = next(sending).subscribe({
              next: resolve,
              error: reject,
              complete: () => reject(new Error('The call ended without an answer.')),
            });
          });
        handle(op, send).then(
          (answer) => {
            observer.next(answer);
            observer.complete();
          },
          (error: unknown) => observer.error(TRPCClientError.from(asError(error))),
        );
        return () => sent?.unsubscribe();
      });
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error('The call failed.', { cause: thrown });
}
