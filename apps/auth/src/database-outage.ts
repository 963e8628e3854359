import { databaseFailure } from '@sallyport/db';
import { AuditUnwritable } from './audit/record-audit.ts';

/** True when the database could not be asked, did not finish in time, or took no audit entry. That says nothing about the request. */
export function isDatabaseOutage(error: unknown): boolean {
  if (error instanceof AuditUnwritable) return true;
  const { kind } = databaseFailure(error);
  return kind === 'unreachable' || kind === 'contended';
}
