import { makeConsistencyToken, trustTiers } from '@sallyport/auth';
import * as z from 'zod';
import { clampLifetimes, restrictTier, type Restricted } from '../restrictions/restrict.ts';
import { readRestrictions } from '../restrictions/restrictions.ts';
import { accessTokenSeconds } from '../tokens/token-lifetimes.ts';
import { router } from '../trpc.ts';
import { adminChange, adminRead, because, reasonOf } from './admin-gate.ts';

/** Shorter, and services' own tokens would be renewed all the time. */
const leastTokenSeconds = 30;
const leastSessionSeconds = 60;
const longestSessionSeconds = 24 * 60 * 60;

/** Panic levers that hold at every service until they are taken back. The authority itself stays reachable. */
export const adminRestrictionsRouter = router({
  get: adminRead().query(({ ctx: { authority } }) => readRestrictions(authority.database)),

  /** `closed`: 503 for everybody. `fail-closed`: a silent feed is not bridged. `as-designed`: as the matrix has it. */
  setTier: adminChange('operator')
    .input(z.strictObject({ tier: z.enum(trustTiers), to: z.enum(['as-designed', 'fail-closed', 'closed']), because }))
    .mutation(async ({ ctx: { authority, principal }, input: { because: why, ...order } }) =>
      answer(await restrictTier(authority, order, reasonOf(principal, why))),
    ),

  /** Seconds. What is older is over at once; `null` gives the full life back, and what is not named stays. */
  clampLifetimes: adminChange('operator')
    .input(
      z.strictObject({
        accessTokenSeconds: z.int().min(leastTokenSeconds).max(accessTokenSeconds).nullable().optional(),
        sessionSeconds: z.int().min(leastSessionSeconds).max(longestSessionSeconds).nullable().optional(),
        because,
      }),
    )
    .mutation(async ({ ctx: { authority, principal }, input: { because: why, ...order } }) =>
      answer(await clampLifetimes(authority, order, reasonOf(principal, why))),
    ),
});

function answer({ restrictions, position }: Restricted) {
  return { ...restrictions, consistencyToken: makeConsistencyToken(position) };
}
