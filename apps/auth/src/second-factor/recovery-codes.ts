import { createHash, randomBytes } from 'node:crypto';
import { and, count, eq, isNull } from 'drizzle-orm';
import { recordAudit } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import type { AuthQueries } from '../database.ts';
import type { Session } from '../sign-in/sessions.ts';
import type { CheckedFactor } from './checked-factor.ts';
import { factorEvent } from './factor-news.ts';
import { recoveryCodes } from './factor-tables.ts';
import { forgetFailures } from './totp-attempts.ts';

const codesAtOnce = 10;

/** 15 bytes are 24 characters of base32: above the 112 bits from which a look-up secret needs no slow hash (NIST SP 800-63B-4 §3.1.2.2). */
const codeBytes = 15;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 8176 has no value for a code from a list. */
const recoveryAmr = 'recovery';

/** Draws ten new codes in place of all earlier ones, used or not. They are shown this once; only their hashes are kept. */
export async function renewRecoveryCodes(
  transaction: AuthQueries,
  { subject, at }: Readonly<{ subject: string; at: Date }>,
): Promise<readonly string[]> {
  const codes = Array.from({ length: codesAtOnce }, newCode);
  await transaction.delete(recoveryCodes).where(eq(recoveryCodes.subject, subject));
  const rows = codes.map((code) => ({ hash: hashOf(code), subject, createdAt: at }));
  await transaction.insert(recoveryCodes).values(rows);
  await recordAudit(transaction, factorEvent('recovery-codes.made', subject));
  return codes;
}

/** How many are left. */
export async function countRecoveryCodes(queries: AuthQueries, subject: string): Promise<number> {
  const [row] = await queries
    .select({ left: count() })
    .from(recoveryCodes)
    .where(and(eq(recoveryCodes.subject, subject), isNull(recoveryCodes.usedAt)));
  return row?.left ?? 0;
}

/** Looks a code up. It is used up, once, when the session is raised; no number of guesses finds one. */
export async function checkRecoveryCode(
  { database, now }: Authority,
  { subject }: Session,
  text: string,
): Promise<CheckedFactor> {
  if ((await countRecoveryCodes(database, subject)) === 0) return { outcome: 'not enrolled' };
  const isUnused = and(
    eq(recoveryCodes.hash, hashOf(text)),
    eq(recoveryCodes.subject, subject),
    isNull(recoveryCodes.usedAt),
  );
  const [found] = await database.select().from(recoveryCodes).where(isUnused);
  if (found === undefined) return { outcome: 'wrong' };
  return {
    outcome: 'right',
    amr: [recoveryAmr],
    news: 'recovery-code.used',
    async spend(transaction) {
      const used = await transaction
        .update(recoveryCodes)
        .set({ usedAt: new Date(now()) })
        .where(isUnused)
        .returning({ hash: recoveryCodes.hash });
      if (used.length === 0) return false;
      await forgetFailures(transaction, subject);
      return true;
    },
  };
}

function newCode(): string {
  const bits = [...randomBytes(codeBytes)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const letters = (bits.match(/.{5}/g) ?? []).map((five) => alphabet[Number.parseInt(five, 2)]);
  return (letters.join('').match(/.{6}/g) ?? []).join('-');
}

/** As people type it: small letters, spaces and hyphens make no difference. */
function hashOf(code: string): string {
  return createHash('sha256').update(code.toUpperCase().replaceAll(/[\s-]/g, '')).digest('base64url');
}
