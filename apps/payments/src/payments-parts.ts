import { remoteKeys, type RemoteKeys } from '@sallyport/auth';
import { mutualTlsFetch } from '@sallyport/client/mutual-tls';
import { openServiceClient } from '@sallyport/client/service';
import { createLog, openTelemetry, readEnvironment, readMutualTls } from '@sallyport/service';
import { quotesFrom } from './catalog-quote.ts';
import { openPayments } from './database.ts';
import { paymentsSettings } from './environment.ts';
import type { PaymentsParts } from './serve-payments.ts';
import { openTrust } from './trust.ts';

/** Reads the settings of payments from the environment, and opens what it stands on. Nothing is asked of anybody yet. */
export async function openPaymentsParts(): Promise<PaymentsParts & Readonly<{ keys: RemoteKeys }>> {
  const settings = readEnvironment(paymentsSettings);
  const { ISSUER: issuer, CLIENT_ID: clientId, CLIENT_KEY: privateKey, TRUSTED_ISSUERS: foreignIssuers } = settings;
  const { CONFIRM_SHARE: confirmShare, SENDER_CONSTRAINED_TIERS: senderConstrainedTiers } = settings;
  const log = createLog('payments', settings.LOG_LEVEL);
  const telemetry = await openTelemetry('payments', settings, log);
  const { AUTHORITY_URL: authorityUrl } = settings;
  const mutualTls = await readMutualTls(settings, { AUTHORITY_URL: authorityUrl, CATALOG_URL: settings.CATALOG_URL });
  const service = openServiceClient({
    issuer,
    clientId,
    privateKey,
    authorityUrl,
    fetch: mutualTls && mutualTlsFetch(mutualTls.shown),
    tracing: telemetry.tracing,
    answerWithinMs: 1000,
  });
  // Nothing waits for the authority here: until it answers, what needs it is answered with 503.
  const keys = remoteKeys({
    url: service.keySetUrl,
    fetch: service.fetch,
    onLoadFailed: (error) => log.warn({ err: error }, 'keys not loaded'),
    onStaleness: (stale, age) => log[stale ? 'error' : 'info']({ stale, ...age }, 'age of the keys'),
  });
  return {
    port: settings.PORT,
    host: settings.HOST,
    mutualTls,
    allowedOrigins: settings.ALLOWED_ORIGINS,
    publicUrls: settings.PUBLIC_URLS,
    ...openPayments(settings.DATABASE_URL),
    ...openTrust({
      issuer,
      keys,
      ask: service.authority,
      feed: service.feed,
      log,
      foreignIssuers,
      confirmShare,
      senderConstrainedTiers,
      telemetry,
    }),
    keys,
    askQuote: quotesFrom({ service, url: settings.CATALOG_URL, log }),
    log,
    telemetry,
  };
}
