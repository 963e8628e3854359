import { createHash, randomBytes } from 'node:crypto';

/** 96 random bits in 16 base64url characters: transaction ids. */
export function randomId(): string {
  return randomBytes(12).toString('base64url');
}

/**
 * `jti`: 64 random bits in 11 base64url characters. It is no credential, and has to be unique only among the tokens of a
 * quarter of an hour, which is as long as anybody remembers one; two that met would be revoked together, not accepted.
 */
export function newTokenId(): string {
  return randomBytes(8).toString('base64url');
}

/**
 * A person, as every service knows them: 72 random bits in 12 characters, since it stands in every token. It is no credential; that
 * it is nobody else's is seen to by the accounts' key.
 */
export function newSubject(): string {
  return `u_${randomBytes(9).toString('base64url')}`;
}

/**
 * `kid`: 24 random bits in 4 characters, which stand in every token. They tell the few keys of one issuer apart; a key that drew the id of an
 * earlier one is refused by the table, which forgets none; the next attempt draws another.
 */
export function newKeyId(): string {
  return randomBytes(3).toString('base64url');
}

/**
 * Carries the serial in front, so that a cut-off can be compared without asking anybody. The serial makes it unique; the
 * 48 random bits keep anybody from naming a session they have not seen, which no check relies on. The `jti` of a service's own
 * token has this form too, since a cut-off is held against its serial.
 */
export function sessionId(serial: number): string {
  return `${serial.toString(36)}.${randomBytes(6).toString('base64url')}`;
}

/** The serial in front of such an id. NaN for an id of another form, which no cut-off spares. */
export function serialOf(id: string): number {
  const [serial = '', random] = id.split('.');
  return random !== undefined && /^[0-9a-z]{1,10}$/.test(serial) ? Number.parseInt(serial, 36) : Number.NaN;
}

/** 256 random bits in 43 characters of base64url: refresh tokens, and what is good once. Only `hashSecret` of one is ever stored. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored of a secret. No salt and no stretching: 256 random bits cannot be guessed. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

export type RefreshToken = Readonly<{ text: string; hash: string }>;

export function newRefreshToken(): RefreshToken {
  const text = newSecret();
  return { text, hash: hashSecret(text) };
}
