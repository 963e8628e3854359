import { denialError } from '@sallyport/auth/trpc';
import * as z from 'zod';
import type { Reason } from '../audit/record-audit.ts';
import { twoFactors } from '../sign-in/proof.ts';
import { trust } from '../trpc.ts';

/**
 * What somebody may be at the audience `admin`. An operator looks, and ends: whatever an operator does takes something
 * away. An administrator gives as well: accounts, clients, roles and rules.
 */
export type AdminRole = 'operator' | 'administrator';

/** The audience of tokens for these procedures, and the scope of every one of them. */
const scope = 'admin';

/** Seconds since the second factor that a change is made with. */
const mfaWithinSeconds = 300;

/** Whether a request is for the gates of the audience `admin`. One such call decides for all that came with it. */
export function isForAdmin(calls: readonly string[]): boolean {
  return calls.some((path) => path === 'admin' || path.startsWith('admin.'));
}

/** Every change: the fresh gate, a role, a second factor within five minutes, a request of its own. */
export function adminChange(role: AdminRole) {
  return trust.regulatedAction({ scope, role, mfaWithinSeconds });
}

/** Every look: the fresh gate, a role, and a session of two factors, however long ago the second was. */
export function adminRead() {
  return trust.privilegedWrite({ scope, role: 'operator' }).use(async function askForTwoFactors({ ctx, next }) {
    const standing = await ctx.request.standing('bearer');
    const isStrong = standing.kind === 'known' && standing.evidence === 'fresh' && standing.token.acr === twoFactors;
    if (isStrong && standing.session.acr === twoFactors) return next();
    const stepUp = { acrValues: [twoFactors], maxAgeSeconds: longestSessionSeconds, scope };
    throw denialError({ reason: 'second_factor_missing', stepUp });
  });
}

/** As a challenge has to name an age: no session is older. */
const longestSessionSeconds = 24 * 60 * 60;

/** Who did it and why, for the audit log. */
export function reasonOf({ subject: who }: Readonly<{ subject: string }>, why: string): Reason {
  return { actor: `subject:${who}`, because: why };
}

/** Why, for whoever looks at it later. Every change asks for it. */
export const because = z.string().trim().min(1).max(200);

export const subject = z.string().regex(/^u_[A-Za-z0-9_-]{1,64}$/);
export const clientId = z.string().min(1).max(128);
/** How many rows an answer holds at most. */
export const pageLimit = z.int().min(1).max(100).default(50);
