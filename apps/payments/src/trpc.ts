import { trustTiers, type TrustContext, type TrustMeta } from '@sallyport/auth/trpc';
import { databaseFailure } from '@sallyport/db';
import { formatError, refuse, type Log } from '@sallyport/service';
import { initTRPC } from '@trpc/server';
import type { AskQuote } from './catalog-quote.ts';
import type { PaymentsDatabase } from './database.ts';

/** What every procedure gets. `principal`, and `idempotencyKey` where there is one, come from the gates. */
export type Context = TrustContext & Readonly<{ database: PaymentsDatabase; askQuote: AskQuote; log: Log }>;

const t = initTRPC.context<Context>().meta<TrustMeta>().create({ errorFormatter: formatError, isDev: false });

/** Books that cannot be reached are "not right now", whichever procedure wanted to look; see `databaseFailure`. */
const procedure = t.procedure.use(async function answerDatabaseOutage({ ctx, path, next }) {
  const result = await next();
  if (result.ok || databaseFailure(result.error.cause).kind !== 'unreachable') return result;
  ctx.log.warn({ err: result.error.cause, path }, 'database unavailable');
  refuse({
    code: 'SERVICE_UNAVAILABLE',
    reason: 'temporarily_unavailable',
    message: 'The books cannot be reached right now. Try again shortly.',
  });
});

export const router = t.router;

/** The only way to a procedure here: each begins with its tier. */
export const trust = trustTiers(procedure);
