import { asc, gt, sql } from 'drizzle-orm';
import type { AuthQueries } from '../database.ts';
import { badRowAfter, chainStart, type BadRow, type ChainEnd } from './audit-chain.ts';
import { auditLog, auditTip } from './audit-tables.ts';
import type { Checkpoint } from './checkpoints.ts';

/** `end`: where the log ended when it was looked at. */
export type AuditVerdict =
  | Readonly<{ intact: true; end: ChainEnd }>
  | Readonly<{ intact: false; firstBad: BadRow; lastGood: number }>;

export type AuditAnchors = Readonly<{
  /** Where to begin: up to here it was verified before. Default: at the first row. */
  from?: ChainEnd;
  /** What was signed before, and kept where the database cannot reach. */
  checkpoints?: readonly Checkpoint[];
}>;

const pageSize = 1000;

/**
 * Reads the log and computes its chain anew (promise P6). Names the first row that is changed, missing, in another's place, or
 * there though nobody recorded it.
 *
 * **What it cannot see**: rows that were cut off, or replaced with all hashes after them, together with the log's end, since the newest
 * checkpoint. The chain alone has no secret; checkpoints do.
 */
export async function verifyAuditLog(
  queries: AuthQueries,
  { from = chainStart, checkpoints = [] }: AuditAnchors = {},
): Promise<AuditVerdict> {
  const { tip, lowest, highest } = await readExtent(queries);
  const told = checkpoints.filter(({ position }) => position > from.position);
  const newest = Math.max(from.position, ...told.map(({ position }) => position));
  let reached = from;
  let sealedTo = from.position;
  const bad = (position: number, problem: string): AuditVerdict => {
    return { intact: false, firstBad: { position, problem }, lastGood: Math.min(reached.position, position - 1) };
  };
  if (lowest < 1) return bad(lowest, 'it stands before the first row');
  while (reached.position < Math.min(tip.position, highest)) {
    for (const row of await readPage(queries, reached.position)) {
      if (reached.position === tip.position) break;
      const found = badRowAfter(reached, row);
      if (found !== undefined) return bad(found.position, found.problem);
      const here = told.filter(({ position }) => position === row.position);
      if (here.some(({ hash }) => !hash.equals(row.hash)))
        return bad(
          sealedTo + 1,
          `it, or one after it up to row ${row.position}, was replaced with all hashes after it`,
        );
      if (here.length > 0) sealedTo = row.position;
      reached = row;
    }
  }
  if (reached.position < tip.position) return bad(reached.position + 1, 'it is missing');
  if (highest > tip.position) return bad(tip.position + 1, 'it stands beyond the end of the log');
  if (newest > reached.position) return bad(reached.position + 1, `it is missing: a checkpoint tells of row ${newest}`);
  if (!tip.hash.equals(reached.hash)) return bad(reached.position, 'the end of the log says another hash than it');
  return { intact: true, end: { position: reached.position, hash: reached.hash } };
}

async function readExtent(queries: AuthQueries) {
  // One statement, so one state: what is recorded meanwhile stands beyond all three.
  const [extent] = await queries
    .select({
      position: auditTip.lastPosition,
      hash: auditTip.lastHash,
      lowest: sql<string>`(SELECT coalesce(min(position), 1) FROM ${auditLog})`,
      highest: sql<string>`(SELECT coalesce(max(position), 0) FROM ${auditLog})`,
    })
    .from(auditTip);
  // A log whose end was taken away ends nowhere: every row of it is beyond.
  const { position, hash } = extent ?? chainStart;
  return { tip: { position, hash }, lowest: Number(extent?.lowest ?? 1), highest: Number(extent?.highest ?? 1) };
}

function readPage(queries: AuthQueries, after: number) {
  return queries
    .select()
    .from(auditLog)
    .where(gt(auditLog.position, after))
    .orderBy(asc(auditLog.position))
    .limit(pageSize);
}
