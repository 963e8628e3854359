import { TRPCClientError } from '@trpc/client';
import { reasonOf, statusOf, undecided } from './denial-answer.ts';

/**
 * The authority heard us and said no. Asking again with the same words gives the same answer.
 * `error` is the code of RFC 6749 §5.2 (`invalid_grant`, `invalid_client` …) or the `reason` of a tRPC answer.
 */
export class AuthorityRefused extends Error {
  override readonly name = 'AuthorityRefused';
  readonly error: string;
  readonly status: number;

  constructor(error: string, status: number) {
    super(`The authority refused: ${error}.`);
    this.error = error;
    this.status = status;
  }
}

/**
 * Nobody knows: no connection, no answer in time, a 5xx, or an answer that makes no sense. Says nothing about any
 * token or person, so nobody may be refused, allowed or signed out because of it. Message and cause hold no token.
 */
export class AuthorityUnavailable extends Error {
  override readonly name = 'AuthorityUnavailable';

  constructor(what: string, cause?: unknown) {
    super(`The authority is unavailable: ${what}.`, { cause });
  }
}

/**
 * True when a failed call, to the authority or to another service, was never decided: answer it with 503, and try a
 * read again. False for an answer that was a decision, whatever it was, and for anything that is no failed call.
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof AuthorityUnavailable) return true;
  if (!(error instanceof TRPCClientError)) return false;
  // tRPC wraps what a link threw: our own two classes say more than the missing answer does.
  if (error.cause instanceof AuthorityRefused) return false;
  const status = statusOf(error);
  return status === undefined || undecided(status);
}

/** Sorts what a tRPC call to the authority threw into the two classes above. */
export function authorityFailure(error: unknown): AuthorityRefused | AuthorityUnavailable {
  const thrown = error instanceof TRPCClientError ? (error.cause ?? error) : error;
  if (thrown instanceof AuthorityRefused || thrown instanceof AuthorityUnavailable) return thrown;
  const status = statusOf(error);
  if (status === undefined || undecided(status)) return new AuthorityUnavailable('it gave no answer to a call', error);
  return new AuthorityRefused(reasonOf(error) ?? 'unknown', status);
}
