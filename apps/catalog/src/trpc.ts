import { trustTiers, type TrustContext, type TrustMeta } from '@sallyport/auth/trpc';
import { databaseFailure } from '@sallyport/db';
import { answerOutage, formatError, type Log } from '@sallyport/service';
import { initTRPC } from '@trpc/server';
import type { CatalogDatabase } from './database.ts';
import type { CatalogReads } from './product-reads.ts';

export type Context = TrustContext & Readonly<{ database: CatalogDatabase; reads: CatalogReads; log: Log }>;

const t = initTRPC.context<Context>().meta<TrustMeta>().create({ errorFormatter: formatError, isDev: false });

const isOutage = (cause: unknown) => databaseFailure(cause).kind === 'unreachable';

export const router = t.router;

/** The only way to a procedure here: each begins with its tier. */
export const trust = trustTiers(t.procedure.use(answerOutage(isOutage)));
