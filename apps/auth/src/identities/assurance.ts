import type { AuthenticationClass } from '@sallyport/auth';
import type { Proof } from '../sign-in/proof.ts';
import type { IdentityProvider } from './identity-provider.ts';

/** What a provider says of how and when somebody proved who they are. Whatever is not of the shape that OpenID Connect gives it counts as absent. */
export type SaidByProvider = Readonly<{ acr?: unknown; amr?: unknown; auth_time?: unknown }>;

/** What a provider's word amounts to here, or why it amounts to nothing. */
export type Assurance =
  | Readonly<{ outcome: 'assured'; acr: AuthenticationClass; authTime: Date }>
  | Readonly<{ outcome: 'refused'; reason: 'no auth_time' | 'auth_time from the future' }>;

/** Seconds that a provider's clock may be ahead. */
const clockSkewSeconds = 10;

/**
 * Maps `acr`, `amr` and `auth_time` (OpenID Connect Core §2) by the provider's table: the first row whose every condition holds; one
 * factor when none does. Its own word for a class is never ours, however it is spelled. `now` in milliseconds. Pure.
 */
export function readAssurance(
  { assurance, authTime: wanted }: Pick<IdentityProvider, 'assurance' | 'authTime'>,
  said: SaidByProvider,
  now: number,
): Assurance {
  const amr: readonly unknown[] = Array.isArray(said.amr) ? said.amr : [];
  const row = assurance.find(
    (each) =>
      (each.acr === undefined || each.acr === said.acr) && (each.amr ?? []).every((value) => amr.includes(value)),
  );
  const acr = row?.means ?? 'aal1';
  if (wanted === 'assumed') return { outcome: 'assured', acr, authTime: new Date(now) };
  const { auth_time: authTime } = said;
  if (typeof authTime !== 'number' || !Number.isSafeInteger(authTime) || authTime <= 0) {
    return { outcome: 'refused', reason: 'no auth_time' };
  }
  if (authTime * 1000 > now + clockSkewSeconds * 1000)
    return { outcome: 'refused', reason: 'auth_time from the future' };
  return { outcome: 'assured', acr, authTime: new Date(Math.min(authTime * 1000, now)) };
}

/**
 * How a session says it. `fed` (not in RFC 8176; others use it): a provider's word, none of our factors was shown. Who has a second
 * factor of their own here shows that one: otherwise whoever took over, or linked, an account elsewhere would need it no longer.
 */
export function proofOf(
  { acr, authTime }: Readonly<{ acr: string; authTime: Date }>,
  hasOwnSecondFactor: boolean,
): Proof {
  return acr === 'aal2' && !hasOwnSecondFactor
    ? { acr: 'aal2', amr: ['fed', 'mfa'], authTime }
    : { acr: 'aal1', amr: ['fed'], authTime };
}
