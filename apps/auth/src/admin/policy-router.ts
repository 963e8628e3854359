import { RuleSetError } from '@sallyport/auth/policy';
import { refuse } from '@sallyport/service';
import { desc, eq, lt } from 'drizzle-orm';
import * as z from 'zod';
import { epochSeconds } from '../moments.ts';
import { publishRuleSet } from '../policy/rule-sets.ts';
import { policyRuleSets } from '../schema.ts';
import { router } from '../trpc.ts';
import { adminChange, adminRead, because, reasonOf, pageLimit } from './admin-gate.ts';

const version = z.int().positive();

/** Rule sets: what was ever in force, and putting the next one into force. */
export const adminPolicyRouter = router({
  versions: adminRead()
    .input(z.strictObject({ before: version.optional(), limit: pageLimit }))
    .query(async ({ ctx: { authority }, input }) => {
      const rows = await authority.database
        .select({
          version: policyRuleSets.version,
          publishedAt: policyRuleSets.publishedAt,
          because: policyRuleSets.because,
        })
        .from(policyRuleSets)
        .where(input.before === undefined ? undefined : lt(policyRuleSets.version, input.before))
        .orderBy(desc(policyRuleSets.version))
        .limit(input.limit);
      /** Epoch seconds. */
      return { versions: rows.map((row) => ({ ...row, publishedAt: epochSeconds(row.publishedAt) })) };
    }),

  get: adminRead()
    .input(z.strictObject({ version }))
    .query(async ({ ctx: { authority }, input }) => {
      const isIt = eq(policyRuleSets.version, input.version);
      const [row] = await authority.database.select().from(policyRuleSets).where(isIt);
      if (row !== undefined) return { ...row, publishedAt: epochSeconds(row.publishedAt) };
      return refuse({ code: 'NOT_FOUND', reason: 'no_such_version', message: 'There is no such rule set.' });
    }),

  /** Its version must be the newest one's and one: whoever worked from an older one is refused, and nothing is lost. */
  publish: adminChange('administrator')
    .input(z.strictObject({ ruleSet: z.unknown(), because }))
    .mutation(async ({ ctx: { authority, principal }, input }) => {
      const { published, version: next } = await publishRuleSet(
        authority,
        input.ruleSet,
        reasonOf(principal, input.because),
      ).catch(refuseRuleSet);
      return published ? { version: next } : refuseOlder();
    }),
});

function refuseRuleSet(error: unknown): never {
  if (!(error instanceof RuleSetError)) throw error;
  return refuse({ code: 'BAD_REQUEST', reason: 'invalid_rule_set', message: 'This is no rule set.' });
}

function refuseOlder(): never {
  refuse({ code: 'CONFLICT', reason: 'not_next', message: 'Another version is in force: begin from the newest one.' });
}
