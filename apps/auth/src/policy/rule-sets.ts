import { readRuleSet } from '@sallyport/auth/policy';
import { inTransaction } from '@sallyport/db';
import { desc, sql } from 'drizzle-orm';
import { recordAudit, type Reason } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits, type AuthQueries } from '../database.ts';
import { recordRevocations } from '../revocation/revocation-outbox.ts';
import { policyRuleSets } from '../schema.ts';

type PublishedRuleSet = Readonly<{ version: number; ruleSet: unknown; publishedAt: Date; because: string }>;

/** The rule set in force: the one with the greatest version. `undefined` before the first. */
export async function newestRuleSet(queries: AuthQueries): Promise<PublishedRuleSet | undefined> {
  const [newest] = await queries.select().from(policyRuleSets).orderBy(desc(policyRuleSets.version)).limit(1);
  return newest;
}

export type Publication =
  | Readonly<{ published: true; version: number; before: unknown }>
  /** Somebody was faster, or the author had an older one before them: `newest` is what they should look at. */
  | Readonly<{ published: false; version: number; newest: number }>;

/**
 * Puts a rule set into force, and tells the feed in the same transaction. Its version must follow the newest one's: whoever
 * wrote it has then seen what they replace (compare and set). Two at once: one is published, the other is told.
 * @throws RuleSetError for a rule set that is not one; nothing is written then
 */
export async function publishRuleSet(
  { database, now }: Pick<Authority, 'database' | 'now'>,
  value: unknown,
  { because, actor = 'authority' }: Reason,
): Promise<Publication> {
  const { version } = readRuleSet(value);
  return inTransaction(database, transactionLimits, async (transaction) => {
    await transaction.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended('auth.policy_rule_sets', 0))`);
    const before = await newestRuleSet(transaction);
    const newest = before?.version ?? 0;
    if (version !== newest + 1) return { published: false, version, newest };
    await transaction.insert(policyRuleSets).values({ version, ruleSet: value, publishedAt: new Date(now()), because });
    await recordRevocations(transaction, [{ kind: 'policy', version }], because);
    await recordAudit(transaction, { action: 'policy.published', actor, because, detail: { version } });
    return { published: true, version, before: before?.ruleSet };
  });
}
