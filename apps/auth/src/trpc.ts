import { trustTiers, type TrustContext, type TrustMeta } from '@sallyport/auth/trpc';
import { formatError, refuse } from '@sallyport/service';
import { initTRPC } from '@trpc/server';
import type { Authority } from './authority.ts';
import { isDatabaseOutage } from './database-outage.ts';
import type { RevocationWake } from './revocation/revocation-wake.ts';

type Context = TrustContext & Readonly<{ authority: Authority; wake: RevocationWake }>;

const t = initTRPC
  .context<Context>()
  .meta<TrustMeta>()
  .create({ errorFormatter: formatError, isDev: false, sse: { ping: { enabled: true, intervalMs: 5000 } } });

/** Not knowing is 503 and never "no": nobody is signed out because a database restarts. */
const procedure = t.procedure.use(async function answerDatabaseOutage({ ctx, path, next }) {
  const result = await next();
  if (result.ok || !isDatabaseOutage(result.error.cause)) return result;
  ctx.authority.log.warn({ err: result.error.cause, path }, 'database unavailable');
  return refuseUnavailable();
});

export function refuseUnavailable(): never {
  refuse({
    code: 'SERVICE_UNAVAILABLE',
    reason: 'temporarily_unavailable',
    message: 'The authority cannot decide this right now. Try again shortly.',
  });
}

export const router = t.router;
export const trust = trustTiers(procedure);
