import { createLog, readEnvironment, startService } from '@sallyport/service';
import { authSettings } from './environment.ts';
import { openAuthority } from './open-authority.ts';
import { serveAuth } from './serve-auth.ts';

await startService('auth', async () => {
  const settings = readEnvironment(authSettings);
  const opened = await openAuthority({
    issuer: settings.ISSUER,
    databaseUrl: settings.DATABASE_URL,
    keyEncryptionKey: settings.KEY_ENCRYPTION_KEY,
    identityProviders: settings.IDENTITY_PROVIDERS,
    passkeys: { domain: settings.PASSKEY_DOMAIN, origins: settings.ALLOWED_ORIGINS },
    log: createLog('auth', settings.LOG_LEVEL),
    throttleFactor: settings.THROTTLE_FACTOR,
  });
  return serveAuth({
    port: settings.PORT,
    host: settings.HOST,
    opened,
    allowedOrigins: settings.ALLOWED_ORIGINS,
    trustedProxies: settings.TRUSTED_PROXIES,
  });
});
