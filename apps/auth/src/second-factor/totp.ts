import { HOTP, Secret, TOTP } from 'otpauth';

/** RFC 6238 with the values every authenticator app knows: SHA-1, six digits, steps of 30 s from 1970. */
const stepMs = 30_000;
const digits = 6;
const codeGrammar = /^[0-9]{6}$/;

/** How many steps' codes are good at one moment: the current one's, and that of the one before (RFC 6238 §5.2). */
export const acceptedSteps = 2;

/** RFC 4226 §4: 160 bits, the length of the HMAC. */
const seedBytes = 20;

export function newSeed(): Uint8Array {
  return new Secret({ size: seedBytes }).bytes;
}

export function seedFromBase32(text: string): Uint8Array {
  return Secret.fromBase32(text).bytes;
}

export function seedToBase32(seed: Uint8Array): string {
  return secretOf(seed).base32;
}

/** The `otpauth://` address that authenticator apps read from a QR code. Holds the seed: never logged. */
export function enrolmentUri(seed: Uint8Array, label: string): string {
  return new TOTP({ issuer: 'Sallyport', label, secret: secretOf(seed), digits }).toString();
}

/**
 * The time step whose code this is: the current one or the one before (RFC 6238 §5.2), never one to come. `undefined`
 * when it is neither's. Pure; whether the step was used before is not checked here.
 */
export function stepOfCode(seed: Uint8Array, code: string, nowMs: number): number | undefined {
  if (!codeGrammar.test(code)) return undefined;
  const secret = secretOf(seed);
  const current = Math.floor(nowMs / stepMs);
  // `validate` compares in constant time; a window of 0 holds it to the one counter.
  return Array.from({ length: acceptedSteps }, (_, age) => current - age).find(
    (step) => HOTP.validate({ secret, token: code, digits, counter: step, window: 0 }) === 0,
  );
}

export function codeAt(seed: Uint8Array, timeMs: number): string {
  return HOTP.generate({ secret: secretOf(seed), digits, counter: Math.floor(timeMs / stepMs) });
}

function secretOf(seed: Uint8Array): Secret {
  return new Secret({ buffer: new Uint8Array(seed).buffer });
}
