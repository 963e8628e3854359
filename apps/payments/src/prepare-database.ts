import { randomUUIDv7 } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createPool, inTransaction, migrate, openDatabase, runtimeRole } from '@sallyport/db';
import { and, eq, sql } from 'drizzle-orm';
import type { PaymentsQueries } from './database.ts';
import { openAccounts, recordTransfer } from './double-entry.ts';
import * as schema from './schema.ts';

const folder = fileURLToPath(new URL('../migrations', import.meta.url));

/** Brings the schema up to date. `url` is a login that may create schemas and roles. Safe to run again. */
export function migratePayments(url: string): Promise<void> {
  return migrate({ url, schema: 'payments', folder });
}

/** The demo's users, as the auth service seeds them, and what their wallets open with (minor units). */
const openings = [
  { subject: 'u_adaAAAAAAAAAAAAA', currency: 'EUR', amount: 25_000n },
  { subject: 'u_graceAAAAAAAAAAA', currency: 'EUR', amount: 0n },
] as const;

/** Where an opening comes from; a transfer with this reference is written once for each subject. */
const reference = 'seed/opening';

/** Opens the demo users' wallets. Safe to run again, and twice at once: an opening that is there is left as it is. */
export async function seedDemo(url: string): Promise<void> {
  const pool = createPool({ url, schema: 'payments', role: runtimeRole('payments'), max: 1 });
  try {
    await inTransaction(openDatabase(pool, schema), { withinMs: 10_000 }, async (transaction) => {
      await transaction.execute(sql`SELECT pg_advisory_xact_lock(hashtext(${reference}))`);
      for (const opening of openings) await open(transaction, opening);
    });
  } finally {
    await pool.end();
  }
}

async function open(
  transaction: PaymentsQueries,
  { subject, currency, amount }: (typeof openings)[number],
): Promise<void> {
  const from = { kind: 'funding', owner: subject, currency } as const;
  const to = { kind: 'wallet', owner: subject, currency } as const;
  const sides = await openAccounts(transaction, { from, to });
  const isOpening = and(eq(schema.transfers.subject, subject), eq(schema.transfers.reference, reference));
  const found = await transaction.select({ id: schema.transfers.id }).from(schema.transfers).where(isOpening);
  if (amount === 0n || found.length > 0) return;
  await recordTransfer(transaction, { id: randomUUIDv7(), kind: 'top_up', subject, reference, ...sides, amount });
}
