import { remoteKeys } from '@sallyport/auth';
import { mutualTlsFetch } from '@sallyport/client/mutual-tls';
import { openServiceClient } from '@sallyport/client/service';
import { createLog, readEnvironment, readMutualTls, startService } from '@sallyport/service';
import { openCatalog } from './database.ts';
import { catalogSettings } from './environment.ts';
import { openPolicy } from './open-policy.ts';
import { serveCatalog } from './serve-catalog.ts';
import { openTrust } from './trust.ts';

await startService('catalog', async () => {
  const settings = readEnvironment(catalogSettings);
  const { ISSUER: issuer, CLIENT_ID: clientId, CLIENT_KEY: privateKey, TRUSTED_ISSUERS: foreignIssuers } = settings;
  const { CONFIRM_SHARE: confirmShare, SENDER_CONSTRAINED_TIERS: senderConstrainedTiers } = settings;
  const log = createLog('catalog', settings.LOG_LEVEL);
  const { AUTHORITY_URL: authorityUrl } = settings;
  const mutualTls = await readMutualTls(settings, { AUTHORITY_URL: authorityUrl });
  const service = openServiceClient({
    issuer,
    clientId,
    privateKey,
    authorityUrl,
    fetch: mutualTls && mutualTlsFetch(mutualTls.shown),
  });
  // Nothing waits for the authority here: until it answers, what needs it is answered with 503.
  const keys = remoteKeys({
    url: service.keySetUrl,
    fetch: service.fetch,
    onLoadFailed: (error) => log.warn({ err: error }, 'keys not loaded'),
    onStaleness: (stale, age) => log[stale ? 'error' : 'info']({ stale, ...age }, 'age of the keys'),
  });
  const policy = openPolicy(service.policy, log);
  return serveCatalog({
    port: settings.PORT,
    host: settings.HOST,
    mutualTls,
    allowedOrigins: settings.ALLOWED_ORIGINS,
    publicUrls: settings.PUBLIC_URLS,
    ...openCatalog(settings.DATABASE_URL),
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
    }),
    keys,
    policy,
    log,
  });
});
