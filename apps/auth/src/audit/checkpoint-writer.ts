import type { Authority } from '../authority.ts';
import { epochSeconds } from '../moments.ts';
import { chainStart, type ChainEnd } from './audit-chain.ts';
import { appendLine, readCheckpointFile, signCheckpoint, type CheckpointKey } from './checkpoints.ts';
import { verifyAuditLog } from './verify-audit-log.ts';

/** What can be cut off unnoticed is what was recorded since the newest checkpoint: a minute, at most. Milliseconds. */
const everyMs = 60_000;

export type CheckpointWriter = Readonly<{
  /** Verifies what is new, and signs it. Does nothing when nothing is new. */
  write: () => Promise<void>;
  /** Signs once more, and stops. */
  close: () => Promise<void>;
}>;

type Parts = Readonly<Pick<Authority, 'database' | 'now' | 'log'> & { key: CheckpointKey; path: string }>;

/**
 * Signs, each minute, where the audit log has come to, into a file that the database cannot reach. It goes on from the file's last
 * checkpoint and verifies each row on the way: a log that was changed is never signed, and the log of the process says so each time.
 * @throws BadCheckpoint when the file holds something else
 */
export async function openCheckpointWriter({ database, now, log, key, path }: Parts): Promise<CheckpointWriter> {
  const known = await readCheckpointFile(key, path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
  let signed: ChainEnd = known.at(-1) ?? chainStart;
  let turn = Promise.resolve();

  const sign = async (): Promise<void> => {
    const verdict = await verifyAuditLog(database, { from: signed });
    if (!verdict.intact) {
      log.error(verdict.firstBad, 'the audit log is not what was recorded: no checkpoint is signed for it');
      return;
    }
    if (verdict.end.position === signed.position) return;
    await appendLine(path, await signCheckpoint(key, { ...verdict.end, at: epochSeconds(new Date(now())) }));
    signed = verdict.end;
  };
  const write = (): Promise<void> => {
    const mine = turn.then(sign);
    turn = mine.catch((err: unknown) => log.error({ err }, 'the audit log has no new checkpoint'));
    return mine;
  };
  const timer = setInterval(() => void write().catch(() => {}), everyMs);
  timer.unref();
  return {
    write,
    close: async () => {
      clearInterval(timer);
      await write().catch(() => {});
    },
  };
}
