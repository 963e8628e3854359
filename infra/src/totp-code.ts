import { setTimeout as wait } from 'node:timers/promises';
import { Secret, TOTP } from 'otpauth';

const periodMs = 30_000;

/** The code that an authenticator shows for this seed now, or `stepsBack` periods of 30 s ago. */
export function totpCode(seed: string, stepsBack = 0): string {
  return authenticator(seed).generate({ timestamp: Date.now() - stepsBack * periodMs });
}

/** Waits for the next period when this one is over within 3 s: codes that are asked for now will still be good when they arrive. */
export async function untilPeriodHasTime(): Promise<void> {
  const leftMs = periodMs - (Date.now() % periodMs);
  if (leftMs < 3000) await wait(leftMs);
}

/** What an authenticator app reads from a QR code. */
export function totpUri(seed: string, account: string): string {
  return authenticator(seed, account).toString();
}

function authenticator(seed: string, label = ''): TOTP {
  return new TOTP({
    issuer: 'Sallyport',
    label,
    secret: Secret.fromBase32(seed),
    algorithm: 'SHA1',
    digits: 6,
    period: periodMs / 1000,
  });
}
