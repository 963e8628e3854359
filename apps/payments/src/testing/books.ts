import type { Principal } from '@sallyport/auth';
import { throwAwayDatabase } from '@sallyport/db/testing';
import { TRPCError } from '@trpc/server';
import pg from 'pg';
import { z } from 'zod';
import { openPayments } from '../database.ts';
import { topUp } from '../ledger.ts';
import { migratePayments } from '../prepare-database.ts';

/** New, empty books in a database of their own: `database` and `pool` act as the run-time role, `admin` may do anything. */
export async function openTestBooks() {
  const { url, drop } = await throwAwayDatabase();
  await migratePayments(url);
  const { pool, database } = openPayments(url);
  const admin = new pg.Pool({ connectionString: url, options: '-c search_path=payments', max: 4 });
  admin.on('error', () => {});
  return {
    url,
    pool,
    database,
    admin,
    close: async () => {
      await Promise.all([pool.end(), admin.end()]);
      await drop();
    },
  };
}

export type TestBooks = Awaited<ReturnType<typeof openTestBooks>>;

/** A principal as the fresh gate makes it. Only tests write one down. `ageMs`: how long ago the authority was asked. */
export function freshPrincipal(subject: string, ageMs = 0): Principal<'fresh+mfa'> {
  const principal: Omit<Principal<'fresh+mfa'>, symbol> = {
    kind: 'user',
    evidence: 'fresh+mfa',
    user: subject,
    issuer: 'http://authority.test',
    subject,
    client: 'web',
    scope: new Set(['payments:write']),
    roles: new Set(),
    session: '1.test',
    checkedAtMs: performance.now() - ageMs,
  };
  return principal as Principal<'fresh+mfa'>;
}

let keys = 0;

export function newKey(): string {
  keys += 1;
  return `key-${keys}`;
}

/** A subject of its own with so much in its wallet. */
export async function subjectWith(books: TestBooks, amount: number): Promise<string> {
  const subject = `u_${newKey()}`;
  if (amount > 0)
    await topUp(books.database, freshPrincipal(subject), {
      idempotencyKey: newKey(),
      amount: String(amount),
      currency: 'EUR',
    });
  return subject;
}

/** The stable reason of a refusal, or the result's own text. For counting the outcomes of a race. */
export async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'done';
  } catch (error) {
    return reasonOf(error);
  }
}

const refused = z.object({ publicError: z.object({ reason: z.string() }) });

function reasonOf(error: unknown): string {
  const refusal = refused.safeParse(error instanceof TRPCError ? error.cause : undefined);
  if (!refusal.success) throw error;
  return refusal.data.publicError.reason;
}
