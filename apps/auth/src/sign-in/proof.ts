import { epochSeconds } from '../moments.ts';

/** How somebody proved who they are: `acr` and `amr` of the session (RFC 9068 §2.2.1, RFC 8176). */
export type Proof = Readonly<{
  acr: string;
  amr: readonly string[];
  /** When it happened, where that was not just now: another provider asked earlier than it sent them here. */
  authTime?: Date;
}>;

/** When each factor was shown last, by its `amr` value. Epoch seconds. */
export type FactorTimes = Readonly<Record<string, number>>;

/** The one class here that says: two factors. */
export const twoFactors = 'aal2';

export const byPassword: Proof = { acr: 'aal1', amr: ['pwd'] };

/** `amr` values that say something about the factors beside them, and are none themselves. */
const remarks: ReadonlySet<string> = new Set(['mfa', 'mca', 'user']);

/** The times of a proof's factors: all of them were shown at once. Pure. */
export function timesOf(amr: readonly string[], at: Date): FactorTimes {
  return Object.fromEntries(amr.filter((value) => !remarks.has(value)).map((value) => [value, epochSeconds(at)]));
}

/** What a session's `amr` becomes when a second factor is shown beside what was: nothing is forgotten, and it says `mfa`. Pure. */
export function withFactor(amr: readonly string[], shown: readonly string[]): string[] {
  return [...new Set([...amr.filter((value) => value !== 'mfa'), ...shown, 'mfa'])];
}
