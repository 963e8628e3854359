import { trustTiers, type TrustContext, type TrustMeta } from '@sallyport/auth/trpc';
import { answerOutage, formatError, type Log } from '@sallyport/service';
import { initTRPC } from '@trpc/server';
import type { Authority } from './authority.ts';
import type { Caller } from './caller.ts';
import { isDatabaseOutage } from './database-outage.ts';
import type { RevocationWake } from './revocation/revocation-wake.ts';
import { answerTryLater } from './try-later.ts';

type Context = TrustContext & Readonly<{ authority: Authority; caller: Caller; wake: RevocationWake; log: Log }>;

const t = initTRPC
  .context<Context>()
  .meta<TrustMeta>()
  .create({ errorFormatter: formatError, isDev: false, sse: { ping: { enabled: true, intervalMs: 5000 } } });

export const router = t.router;
export const trust = trustTiers(t.procedure.use(answerOutage(isDatabaseOutage)).use(answerTryLater));
