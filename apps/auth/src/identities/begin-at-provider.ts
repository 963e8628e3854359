import * as oidc from 'openid-client';
import type { Authority } from '../authority.ts';
import { hashSecret, newSecret } from '../identifiers.ts';
import { after } from '../moments.ts';
import type { IdentityProvider } from './identity-provider.ts';
import { providerAttempts } from './identity-tables.ts';
import type { Provider } from './providers.ts';

/** What a front end wants of a provider. Its client and its return address have been checked. */
export type Beginning = Readonly<{
  provider: Provider;
  clientId: string;
  returnTo: string;
  /** S256 challenge; its verifier stays with the front end. */
  challenge: string;
  /** The class to reach (RFC 9470 §5), when less would be of no use. */
  wantedAcr?: 'aal2' | undefined;
  /** Seconds, when less than what the provider's settings allow. */
  maxAgeSeconds?: number | undefined;
  /** The session whose account the identity shall be linked to. */
  linkingSession?: string | undefined;
}>;

/** Time to find a password, a phone and a passkey. */
const attemptSeconds = 10 * 60;

/**
 * Remembers that somebody leaves for a provider, and answers where to: an authorization request by code, with PKCE (S256), state and
 * nonce, each of its own (RFC 9700 §2.1.1). Rejects while the provider's metadata cannot be had.
 */
export async function beginAtProvider({ database, sealer, now }: Authority, beginning: Beginning): Promise<URL> {
  const { provider, clientId, returnTo, challenge, wantedAcr, linkingSession } = beginning;
  const { settings } = provider;
  const client = await provider.client();
  const [state, nonce, verifier] = [newSecret(), newSecret(), newSecret()];
  const stateHash = hashSecret(state);
  const maxAgeSeconds = maxAge(settings, beginning.maxAgeSeconds);
  await database.insert(providerAttempts).values({
    stateHash,
    provider: settings.name,
    clientId,
    returnTo,
    challenge,
    nonce,
    sealedVerifier: sealer.seal(Buffer.from(verifier), verifierPlace(stateHash)),
    wantedAcr,
    maxAgeSeconds,
    linkingSession,
    expiresAt: after(new Date(now()), attemptSeconds),
  });
  return oidc.buildAuthorizationUrl(client, {
    redirect_uri: provider.redirectUri,
    scope: settings.scope,
    state,
    nonce,
    code_challenge: hashSecret(verifier),
    code_challenge_method: 'S256',
    ...(maxAgeSeconds !== undefined && { max_age: String(maxAgeSeconds) }),
    ...(wantedAcr !== undefined && acrValues(settings, wantedAcr)),
  });
}

export function verifierPlace(stateHash: string) {
  return { column: 'provider_attempts.sealed_verifier', row: stateHash } as const;
}

/** Asked for even where any age would do: only then must the provider tell `auth_time` (OpenID Connect Core §2). */
function maxAge({ authTime, maxAgeSeconds }: IdentityProvider, wanted = maxAgeSeconds): number | undefined {
  return authTime === 'required' ? Math.min(maxAgeSeconds, wanted) : undefined;
}

/** The provider's own names for a class; none when it has none, and then what comes back will not do. */
function acrValues({ assurance }: IdentityProvider, wanted: string): Readonly<Record<string, string>> {
  const names = assurance.flatMap(({ acr, means }) => (means === wanted && acr !== undefined ? [acr] : []));
  return names.length === 0 ? {} : { acr_values: names.join(' ') };
}
