import { mutualTlsSettings, preparationSettings, serviceSettings } from '@sallyport/service';
import * as z from 'zod';
import { openCallerReader } from './caller.ts';
import { providerSettings } from './identities/provider-settings.ts';

/** The key that seals secrets in the database. */
const keyEncryptionKey = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/)
  .transform((text) => Buffer.from(text, 'base64url'))
  .describe('32 random bytes in base64url, e.g. from: openssl rand -base64 32 | tr "+/" "-_" | tr -d "="');

const trustedProxies = z
  .string()
  .default('')
  .transform((list) => (list === '' ? [] : list.split(',')))
  .refine(isProxyList)
  .describe('the addresses or networks of proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8,::1');

function isProxyList(entries: readonly string[]): boolean {
  try {
    openCallerReader(entries);
    return true;
  } catch {
    return false;
  }
}

const throttleFactor = z
  .string()
  .regex(/^[0-9]{1,6}$/)
  .transform(Number)
  .pipe(z.int().min(1))
  .default(1)
  .describe('1; more, to multiply every limit on how often somebody may ask while something is measured');

/** The domain that passkeys belong to (WebAuthn §5.4.2). They are asked for by the pages of ALLOWED_ORIGINS on it. */
const passkeyDomain = z
  .string()
  .regex(/^[a-z0-9.-]{1,253}$/)
  .optional()
  .describe("the domain of the pages that ask for passkeys, such as shop.example; the issuer's when it is not set");

/** The settings of auth, for `readEnvironment`. */
export const authSettings = {
  ...serviceSettings(4000),
  ...providerSettings,
  ...mutualTlsSettings,
  KEY_ENCRYPTION_KEY: keyEncryptionKey,
  TRUSTED_PROXIES: trustedProxies,
  THROTTLE_FACTOR: throttleFactor,
  PASSKEY_DOMAIN: passkeyDomain,
  AUDIT_CHECKPOINTS: z
    .string()
    .min(1)
    .optional()
    .describe(
      'a file that signed checkpoints of the audit log are added to, on a disk that the database cannot write to',
    ),
  MAIL_OUTBOX: z
    .string()
    .optional()
    .describe('a folder that mails are written to instead of being sent; for development'),
};

/** What a command that only touches keys needs. */
export const keySettings = { DATABASE_URL: authSettings.DATABASE_URL, KEY_ENCRYPTION_KEY: keyEncryptionKey };

/** What `prepare.ts` needs. */
export const prepareSettings = {
  ...preparationSettings,
  KEY_ENCRYPTION_KEY: keyEncryptionKey,
  CLIENTS_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('the path of a JSON file like {"clients": [{"clientId": "web", "kind": "public", …}]}, or to nothing'),
};
