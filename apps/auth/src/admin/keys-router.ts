import { makeConsistencyToken } from '@sallyport/auth';
import { refuse } from '@sallyport/service';
import { desc } from 'drizzle-orm';
import * as z from 'zod';
import { denySigningKey } from '../keys/deny-key.ts';
import { stateOf } from '../keys/key-life.ts';
import { rotateSigningKey } from '../keys/signing-keys.ts';
import { epochSeconds } from '../moments.ts';
import { signingKeys } from '../schema.ts';
import { router } from '../trpc.ts';
import { adminChange, adminRead, because, reasonOf } from './admin-gate.ts';

/** Signing keys: what state each is in, the next one, and denying one that somebody else may have. */
export const adminKeysRouter = router({
  /** The newest hundred. Times are epoch seconds; `retiresAt` is absent while no successor is announced. */
  list: adminRead().query(async ({ ctx: { authority } }) => {
    const { kid, publishedAt, signsFrom, retiresAt } = signingKeys;
    const rows = await authority.database
      .select({ kid, publishedAt, signsFrom, retiresAt })
      .from(signingKeys)
      .orderBy(desc(signsFrom))
      .limit(100);
    const at = new Date(authority.now());
    const keys = rows.map((row) => ({
      keyId: row.kid,
      state: stateOf(row, rows, at),
      publishedAt: epochSeconds(row.publishedAt),
      signsFrom: epochSeconds(row.signsFrom),
      ...(row.retiresAt !== null && { retiresAt: epochSeconds(row.retiresAt) }),
    }));
    return { keys };
  }),

  /** Announces the next key, which happens by itself once a day. `immediately`: it signs at once. */
  rotate: adminChange('administrator')
    .input(z.strictObject({ immediately: z.boolean().default(false), because }))
    .mutation(async ({ ctx: { authority, principal }, input }) => {
      const rotation = await rotateSigningKey(authority, { ...input, ...reasonOf(principal, input.because) });
      if (rotation === undefined)
        return refuse({ code: 'CONFLICT', reason: 'already_announced', message: 'A key is announced already.' });
      await authority.keys.reread();
      const { keyId, signsFrom, predecessorsRetireAt } = rotation;
      return { keyId, signsFrom: epochSeconds(signsFrom), predecessorsRetireAt: epochSeconds(predecessorsRetireAt) };
    }),

  /** A panic lever: nothing that the key signed, or will sign, is believed anywhere any more. */
  deny: adminChange('operator')
    .input(z.strictObject({ keyId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/), because }))
    .mutation(async ({ ctx: { authority, principal }, input }) => {
      const denial = await denySigningKey(authority, input.keyId, reasonOf(principal, input.because));
      if (denial === undefined)
        return refuse({ code: 'NOT_FOUND', reason: 'no_such_key', message: 'There is no such key.' });
      await authority.keys.reread();
      return { signsNow: denial.signsNow, consistencyToken: makeConsistencyToken(denial.position) };
    }),
});
