import { DrizzleQueryError } from 'drizzle-orm';
import pg from 'pg';

/** What a failed statement means, as far as a caller is concerned. */
export type DatabaseFailure =
  /** A rule of the database was broken; `name` is the constraint's. */
  | Readonly<{ kind: 'constraint'; name: string }>
  /** A lock was not to be had in time (`lock_timeout`), or two waited for each other. Nothing was stored. */
  | Readonly<{ kind: 'contended' }>
  /**
   * The database could not be asked, or could not finish. That says nothing about the request. If the connection was lost
   * during COMMIT, nobody here knows whether it happened.
   */
  | Readonly<{ kind: 'unreachable' }>
  /** A mistake of ours, or no error of the database's at all. */
  | Readonly<{ kind: 'other' }>;

/** Sorts an error that a query, or the pool itself, threw. Pure. */
export function databaseFailure(error: unknown): DatabaseFailure {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  if (cause instanceof pg.DatabaseError) return reportedFailure(cause);
  // A query that failed without a report never got its answer.
  return { kind: error instanceof DrizzleQueryError || isConnectionError(cause) ? 'unreachable' : 'other' };
}

function reportedFailure({ code = '', constraint }: pg.DatabaseError): DatabaseFailure {
  // Integrity (23…): the name of the broken rule says more than the code.
  if (code.startsWith('23') && constraint !== undefined) return { kind: 'constraint', name: constraint };
  if (code === '55P03' || code === '40P01') return { kind: 'contended' };
  // Connection (08…), resources (53…), operator (57…), and a transaction whose time is over (25P04).
  if (/^(08|53|57|25P04)/.test(code)) return { kind: 'unreachable' };
  return { kind: 'other' };
}

// A transaction takes its connection from the pool itself, whose errors are plain.
function isConnectionError(error: unknown): boolean {
  // A host with several addresses fails with the errors of all of them in one.
  if (error instanceof AggregateError) return error.errors.some(isConnectionError);
  return (
    error instanceof Error &&
    ('syscall' in error || /^(timeout exceeded when trying to connect|Connection terminated)/.test(error.message))
  );
}
