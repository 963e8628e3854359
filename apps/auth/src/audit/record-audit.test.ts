import { inTransaction } from '@sallyport/db';
import { asc, gt } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { transactionLimits, type AuthQueries } from '../database.ts';
import { runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { badRowAfter, type ChainEnd } from './audit-chain.ts';
import { auditLog, auditTip } from './audit-tables.ts';
import { recordAudit, writeEntry, type AuditEvent } from './record-audit.ts';

let auth: RunningAuthority;
beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());

const done = (because: string): AuditEvent => ({ action: 'roles.changed', actor: 'authority', because });
const inOne = <Result>(work: (transaction: AuthQueries) => Promise<Result>) =>
  inTransaction(auth.authority.database, transactionLimits, work);

async function end(): Promise<ChainEnd> {
  const [tip] = await auth.authority.database.select().from(auditTip);
  if (tip === undefined) throw new Error('The log has no end.');
  return { position: tip.lastPosition, hash: tip.lastHash };
}

const rowsAfter = (position: number) =>
  auth.authority.database
    .select()
    .from(auditLog)
    .where(gt(auditLog.position, position))
    .orderBy(asc(auditLog.position));

test('of 40 transactions at once, a third of which fail, each that commits has its place, without gaps, and the chain holds', async () => {
  const before = await end();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 40 }, (_, index) =>
      inOne(async (transaction) => {
        await recordAudit(transaction, done(`${index} first`), done(`${index} second`));
        if (index % 3 === 0) throw new Error('thought better of it');
      }),
    ),
  );
  const committed = outcomes.filter(({ status }) => status === 'fulfilled').length;
  const rows = await rowsAfter(before.position);
  expect(rows).toHaveLength(2 * committed);
  let reached = before;
  for (const row of rows) {
    expect(badRowAfter(reached, row)).toBeUndefined();
    reached = row;
  }
  expect(await end()).toEqual({ position: reached.position, hash: reached.hash });
});

test('the service can add to the log, and neither write, change nor delete a row by itself', async () => {
  const statements = [
    `INSERT INTO audit_log (position, recorded_at, entry, hash) VALUES (0, now(), '{}', '')`,
    `UPDATE audit_log SET entry = '{}'`,
    'DELETE FROM audit_log',
    'TRUNCATE audit_log',
    'UPDATE audit_tip SET last_position = 0',
  ];
  for (const statement of statements)
    await expect(auth.authority.database.$client.query(statement)).rejects.toThrow(/permission denied/);
});

test('an entry is one line of JSON whatever is in it, cut where it is too long, and PostgreSQL takes it', async () => {
  const because = `a\nb\r\u001b[31m\u2028"}\0\ud800${'x'.repeat(1000)}`;
  const entry = writeEntry({ ...done(because), subject: undefined });
  for (const raw of ['\n', '\r', '\u001b', '\0']) expect(entry).not.toContain(raw);
  expect(entry.length).toBeLessThan(700);
  const { position } = await end();
  await inOne((transaction) => recordAudit(transaction, done(because)));
  expect(await rowsAfter(position)).toMatchObject([{ entry, action: 'roles.changed', subject: null }]);
});
