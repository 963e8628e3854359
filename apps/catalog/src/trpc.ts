import { trustTiers, type TrustContext, type TrustMeta } from '@sallyport/auth/trpc';
import { databaseFailure } from '@sallyport/db';
import { formatError, refuse, type Log } from '@sallyport/service';
import { initTRPC } from '@trpc/server';
import type { CatalogDatabase } from './database.ts';
import type { CatalogReads } from './product-reads.ts';

type Context = TrustContext & Readonly<{ database: CatalogDatabase; reads: CatalogReads; log: Log }>;

const t = initTRPC.context<Context>().meta<TrustMeta>().create({ errorFormatter: formatError, isDev: false });

/** "The database cannot say" is 503, whichever procedure asked it: an outage is no mistake of the caller's, and none of ours. */
const procedure = t.procedure.use(async function answerDatabaseOutage({ ctx, path, next }) {
  const result = await next();
  if (result.ok || databaseFailure(result.error.cause).kind !== 'unreachable') return result;
  ctx.log.warn({ err: result.error.cause, path }, 'database unavailable');
  refuse({
    code: 'SERVICE_UNAVAILABLE',
    reason: 'temporarily_unavailable',
    message: 'The catalog cannot be reached right now. Try again shortly.',
  });
});

export const router = t.router;
export const trust = trustTiers(procedure);
