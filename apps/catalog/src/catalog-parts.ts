import { remoteKeys } from '@sallyport/auth';
import { mutualTlsFetch } from '@sallyport/client/mutual-tls';
import { openServiceClient } from '@sallyport/client/service';
import { createLog, openTelemetry, readEnvironment, readMutualTls } from '@sallyport/service';
import { openCatalog } from './database.ts';
import { catalogSettings } from './environment.ts';
import { openPolicy } from './open-policy.ts';
import { prepareReads } from './product-reads.ts';
import type { CatalogParts } from './serve-catalog.ts';
import { openTrust } from './trust.ts';

/** What the service is made of, as its settings say. */
export async function openCatalogParts(): Promise<CatalogParts> {
  const settings = readEnvironment(catalogSettings);
  const { ISSUER: issuer, CLIENT_ID: clientId, CLIENT_KEY: privateKey, TRUSTED_ISSUERS: foreignIssuers } = settings;
  const { CONFIRM_SHARE: confirmShare, SENDER_CONSTRAINED_TIERS: senderConstrainedTiers } = settings;
  const log = createLog('catalog', settings.LOG_LEVEL);
  const telemetry = await openTelemetry('catalog', settings, log);
  const { AUTHORITY_URL: authorityUrl } = settings;
  const mutualTls = await readMutualTls(settings, { AUTHORITY_URL: authorityUrl });
  const service = openServiceClient({
    issuer,
    clientId,
    privateKey,
    authorityUrl,
    fetch: mutualTls && mutualTlsFetch(mutualTls.shown),
    tracing: telemetry.tracing,
  });
  // Nothing waits for the authority here: until it answers, what needs it is answered with 503.
  const keys = remoteKeys({
    url: service.keySetUrl,
    fetch: service.fetch,
    onLoadFailed: (error) => log.warn({ err: error }, 'keys not loaded'),
    onStaleness: (stale, age) => log[stale ? 'error' : 'info']({ stale, ...age }, 'age of the keys'),
  });
  const policy = openPolicy(service.policy, log);
  const { pool, database } = openCatalog(settings.DATABASE_URL);
  return {
    port: settings.PORT,
    host: settings.HOST,
    mutualTls,
    allowedOrigins: settings.ALLOWED_ORIGINS,
    publicUrls: settings.PUBLIC_URLS,
    pool,
    database,
    reads: prepareReads(database),
    ...openTrust({
      issuer,
      keys,
      ask: service.authority,
      feed: service.feed,
      policy,
      log,
      foreignIssuers,
      confirmShare,
      senderConstrainedTiers,
      telemetry,
    }),
    keys,
    policy,
    log,
    telemetry,
  };
}
