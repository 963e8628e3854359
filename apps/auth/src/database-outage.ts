import { databaseFailure } from '@sallyport/db';

/** True when the database could not be asked, or did not finish in time. That says nothing about the request. */
export function isDatabaseOutage(error: unknown): boolean {
  const { kind } = databaseFailure(error);
  return kind === 'unreachable' || kind === 'contended';
}
