import { router } from '../trpc.ts';
import { adminAccountsRouter } from './accounts-router.ts';
import { adminClientsRouter } from './clients-router.ts';
import { adminKeysRouter } from './keys-router.ts';
import { adminPolicyRouter } from './policy-router.ts';
import { adminRestrictionsRouter } from './restrictions-router.ts';
import { adminSessionsRouter } from './sessions-router.ts';

/**
 * What the people do who run the house. For tokens of the audience `admin`, which no other gate takes, and which the client
 * `cli` gets for whoever signs in; what they may with it is a matter of their roles there (`admin-gate.ts`).
 *
 * Each change says how things shall be: one that is sent again, with the same `Idempotency-Key` or another, changes nothing
 * more, or says that it is done.
 */
export const adminRouter = router({
  accounts: adminAccountsRouter,
  sessions: adminSessionsRouter,
  clients: adminClientsRouter,
  policy: adminPolicyRouter,
  keys: adminKeysRouter,
  restrictions: adminRestrictionsRouter,
});

export type AdminRouter = typeof adminRouter;
