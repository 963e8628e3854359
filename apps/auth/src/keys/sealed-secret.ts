import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** The column and the row a secret belongs to. A sealed secret that is moved to another row does not open. */
export type SecretPlace = Readonly<{
  column:
    | 'totp_factors.sealed_seed'
    | 'signing_keys.sealed_private_key'
    | 'provider_attempts.sealed_verifier'
    | 'spent_refresh_tokens.sealed_successor';
  row: string;
}>;

/** Seals secrets for storage with AES-256-GCM. The key comes from the environment and is not in the database. */
export type Sealer = Readonly<{
  seal: (secret: Uint8Array, place: SecretPlace) => string;
  /** Throws `UnopenableSecret` when the text was changed, moved, or sealed with another key. */
  open: (sealed: string, place: SecretPlace) => Buffer;
}>;

export class UnopenableSecret extends Error {
  override readonly name = 'UnopenableSecret';
  constructor({ column, row }: SecretPlace, options?: ErrorOptions) {
    super(`The secret in ${column} of ${row} does not open.`, options);
  }
}

const version = 1;
const nonceLength = 12;
const tagLength = 16;

/**
 * `key`: 32 bytes. With random nonces one key is good for 2³² secrets (NIST SP 800-38D §8.3); we seal a few per
 * account.
 */
export function openSealer(key: Uint8Array): Sealer {
  if (key.length !== 32) throw new Error('The key encryption key must have 32 bytes.');
  return {
    seal(secret, place) {
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(placeBytes(place));
      const hidden = Buffer.concat([cipher.update(secret), cipher.final()]);
      return Buffer.concat([Buffer.of(version), nonce, hidden, cipher.getAuthTag()]).toString('base64url');
    },

    open(sealed, place) {
      const bytes = Buffer.from(sealed, 'base64url');
      if (bytes[0] !== version || bytes.length < 1 + nonceLength + tagLength) throw new UnopenableSecret(place);
      const nonce = bytes.subarray(1, 1 + nonceLength);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagLength })
        .setAAD(placeBytes(place))
        .setAuthTag(bytes.subarray(-tagLength));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(1 + nonceLength, -tagLength)), decipher.final()]);
      } catch (cause) {
        throw new UnopenableSecret(place, { cause });
      }
    },
  };
}

function placeBytes({ column, row }: SecretPlace): Buffer {
  return Buffer.from(JSON.stringify([version, column, row]));
}
