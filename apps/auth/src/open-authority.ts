import { createPool, openDatabase, runtimeRole } from '@sallyport/db';
import { SettingsError, type Log } from '@sallyport/service';
import { noMail } from './accounts/file-outbox.ts';
import { openLater, type SendMail } from './accounts/mail.ts';
import { openCheckpointWriter, type CheckpointWriter } from './audit/checkpoint-writer.ts';
import { openCheckpointKey } from './audit/checkpoints.ts';
import type { Authority } from './authority.ts';
import { allClients } from './clients/clients.ts';
import { schema } from './database.ts';
import { forgetExpired } from './forget-expired.ts';
import type { IdentityProvider } from './identities/identity-provider.ts';
import { closeProviders, openProviders } from './identities/providers.ts';
import { openIntrospectionReader } from './introspection/introspection-reader.ts';
import { openKeyRing } from './keys/key-ring.ts';
import { openSealer } from './keys/sealed-secret.ts';
import type { Now } from './moments.ts';
import { relyingPartyOf } from './passkeys/relying-party.ts';
import { openProofs } from './proofs/open-proofs.ts';
import { holdRestrictions, readRestrictions } from './restrictions/restrictions.ts';
import { openRevocationWake, type RevocationWake } from './revocation/revocation-wake.ts';
import { nowhere, type FindPlace } from './risk/places.ts';
import { openPasswords } from './sign-in/passwords.ts';
import { explainStartFailure } from './start-failure.ts';
import { postgresStore } from './throttle/postgres-store.ts';
import { openThrottle } from './throttle/throttle.ts';
import { assertTokensFit } from './tokens/access-token.ts';

export type AuthoritySettings = Readonly<{
  issuer: string;
  databaseUrl: string;
  /** 32 bytes. */
  keyEncryptionKey: Uint8Array;
  log: Log;
  /** Default: none. */
  identityProviders?: readonly IdentityProvider[];
  /** Path of the file that signed checkpoints of the audit log are added to. Default: none are made. */
  auditCheckpoints?: string | undefined;
  now?: Now;
  /** Default: nobody is mailed, and the log says so. */
  sendMail?: SendMail | undefined;
  /** Multiplies what anybody may ask for in a while. Default 1. */
  throttleFactor?: number;
  /** Where networks are. Default: nobody knows. */
  places?: FindPlace;
  /** The web pages that may ask for passkeys, and the domain that these belong to. Default: none, and the issuer's. */
  passkeys?: Readonly<{ domain?: string | undefined; origins: readonly string[] }>;
}>;

export type OpenedAuthority = Readonly<{ authority: Authority; wake: RevocationWake; close: () => Promise<void> }>;

const forgetEveryMs = 10 * 60 * 1000;

/**
 * Opens everything the authority stands on. Rejects when the database, or the key to its secrets, is not the right one.
 */
export async function openAuthority(settings: AuthoritySettings): Promise<OpenedAuthority> {
  const { issuer, databaseUrl, log, now = Date.now } = settings;
  const at = { url: databaseUrl, schema: 'auth', role: runtimeRole('auth') };
  const pool = createPool(at);
  // Three counts stand before and behind each sign-in, and none is worth waiting for the disk.
  const counting = createPool({ ...at, max: 4, synchronousCommit: 'off' });
  const database = openDatabase(pool, schema);
  const sealer = openSealer(settings.keyEncryptionKey);
  const reader = openIntrospectionReader({ databaseUrl, now });
  try {
    const keys = await openKeyRing({ database, sealer, now }, (err) =>
      log.warn({ err }, 'signing keys could not be read again'),
    );
    const passwords = await openPasswords({ keyEncryptionKey: settings.keyEncryptionKey });
    const throttle = openThrottle({ store: postgresStore(counting), now, factor: settings.throttleFactor });
    const relyingParty = relyingPartyOf(issuer, settings.passkeys ?? { origins: [] });
    const { introspect, introspectToCarry } = reader;
    const providers = openProviders(settings.identityProviders ?? [], { issuer, log, now });
    const asked = { introspect, introspectToCarry };
    const parts = { issuer, database, keys, sealer, passwords, providers, relyingParty, ...asked, throttle };
    const later = openLater({ onError: (what, err) => log.error({ what, err }, 'what was to be done later failed') });
    const proofs = openProofs({ database, keyEncryptionKey: settings.keyEncryptionKey, now, log });
    const { sendMail = noMail(log), places = nowhere } = settings;
    const restrictions = holdRestrictions(await readRestrictions(database));
    const authority = { ...parts, proofs, places, sendMail, later, restrictions, now, log };
    assertTokensFit(authority, await allClients(database));
    const checkpoints = await openCheckpoints(settings, authority);
    const wake = openRevocationWake(databaseUrl);
    const forget = setInterval(() => {
      forgetExpired(authority).catch((err: unknown) => log.warn({ err }, 'expired rows could not be deleted'));
    }, forgetEveryMs);
    const close = async (): Promise<void> => {
      await later.settled();
      await checkpoints?.close();
      clearInterval(forget);
      keys.close();
      closeProviders(providers);
      await Promise.all([wake.close(), reader.close()]);
      await Promise.all([pool.end(), counting.end()]);
    };
    return { authority, wake, close };
  } catch (error) {
    await Promise.allSettled([reader.close(), pool.end(), counting.end()]);
    const advice = explainStartFailure(error);
    throw advice === undefined ? error : new SettingsError(advice);
  }
}

async function openCheckpoints(
  { auditCheckpoints: path, keyEncryptionKey, issuer }: AuthoritySettings,
  { database, now, log }: Authority,
): Promise<CheckpointWriter | undefined> {
  if (path === undefined) return undefined;
  return openCheckpointWriter({ database, now, log, path, key: openCheckpointKey(keyEncryptionKey, issuer) });
}
