import { createLog, readEnvironment, openTelemetry, readMutualTls, startService } from '@sallyport/service';
import { fileOutbox } from './accounts/file-outbox.ts';
import { authSettings } from './environment.ts';
import { openAuthority } from './open-authority.ts';
import { serveAuth } from './serve-auth.ts';

await startService('auth', async () => {
  const settings = readEnvironment(authSettings);
  const log = createLog('auth', settings.LOG_LEVEL);
  const telemetry = await openTelemetry('auth', settings, log);
  const opened = await openAuthority({
    issuer: settings.ISSUER,
    databaseUrl: settings.DATABASE_URL,
    keyEncryptionKey: settings.KEY_ENCRYPTION_KEY,
    identityProviders: settings.IDENTITY_PROVIDERS,
    passkeys: { domain: settings.PASSKEY_DOMAIN, origins: settings.ALLOWED_ORIGINS },
    log,
    auditCheckpoints: settings.AUDIT_CHECKPOINTS,
    sendMail: settings.MAIL_OUTBOX === undefined ? undefined : fileOutbox(settings.MAIL_OUTBOX, log),
    throttleFactor: settings.THROTTLE_FACTOR,
  });
  return serveAuth({
    port: settings.PORT,
    host: settings.HOST,
    mutualTls: await readMutualTls(settings),
    opened,
    allowedOrigins: settings.ALLOWED_ORIGINS,
    trustedProxies: settings.TRUSTED_PROXIES,
    telemetry,
  });
});
