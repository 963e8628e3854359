import { sql } from 'drizzle-orm';
import { actionTokens, passwordFailures } from './accounts/account-tables.ts';
import type { Authority } from './authority.ts';
import { exchangedTokens, providerAttempts, providerResults } from './identities/identity-tables.ts';
import { after } from './moments.ts';
import { accounts, sessions, revokedTokens, spentRefreshTokens, usedAssertions, usedProofs } from './schema.ts';
import { passkeyChallenges } from './second-factor/factor-tables.ts';
import { repeatWithinSeconds } from './sign-in/repeated-refresh.ts';

/**
 * Deletes the rows that only guard against replay, once what they guard against has expired by itself, and erases
 * successors of refresh tokens that nobody can ask for any more. Sessions and the
 * revocation feed are kept.
 */
export async function forgetExpired({ database, now }: Authority): Promise<void> {
  const at = new Date(now());
  await database.execute(sql`UPDATE ${spentRefreshTokens} SET sealed_successor = NULL
    WHERE sealed_successor IS NOT NULL AND spent_at < ${after(at, -repeatWithinSeconds)}`);
  await database.execute(sql`DELETE FROM ${actionTokens} WHERE expires_at < ${at}`);
  // Of an account they are kept until a right password; nobody's need not be.
  await database.execute(sql`DELETE FROM ${passwordFailures} WHERE last_failed_at < ${at}::timestamptz - interval '1 day'
    AND NOT EXISTS (SELECT FROM ${accounts} WHERE ${accounts.email} = ${passwordFailures.email})`);
  // Their time is the process's: see `postgres-store.ts`.
  await database.execute(sql`DELETE FROM throttle_points WHERE expire < ${Date.now()}`);
  await database.execute(sql`DELETE FROM ${usedAssertions} WHERE expires_at < ${at}`);
  await database.execute(sql`DELETE FROM ${usedProofs} WHERE expires_at < ${at}`);
  await database.execute(sql`DELETE FROM ${revokedTokens} WHERE expires_at < ${at}`);
  for (const table of [providerAttempts, providerResults, exchangedTokens]) {
    await database.execute(sql`DELETE FROM ${table} WHERE expires_at < ${at}`);
  }
  await database.execute(sql`DELETE FROM ${passkeyChallenges} WHERE expires_at < ${at}`);
  await database.execute(sql`
    DELETE FROM ${spentRefreshTokens} USING ${sessions}
    WHERE ${sessions.serial} = ${spentRefreshTokens.serial} AND ${sessions.absoluteExpiresAt} < ${at}`);
}
