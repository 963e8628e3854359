/** A sign-in with an identity provider that the authority knows: see docs/identity-providers.md. */
export type ProviderSignIn = Readonly<{
  provider: string;
  /** One of this client's registered return addresses, letter for letter. */
  returnTo: string;
  /** What a service demanded (RFC 9470): strength, and seconds since. The provider is asked for no less. */
  acrValues?: 'aal2';
  maxAgeSeconds?: number;
}>;

/** Where to send the browser, and what to keep in it, in this tab alone, until it comes back. */
export type Leaving = Readonly<{ url: string; verifier: string }>;

/** The `code` of the address that the browser came back to, and the verifier that was kept. Good for one minute, and once. */
export type BackFromProvider = Readonly<{ code: string; verifier: string }>;

/** The address at the authority that begins a sign-in, bound to a verifier (RFC 7636, S256) that it does not hold. */
export async function leaveForProvider(
  { authority, clientId }: Readonly<{ authority: string; clientId: string }>,
  { provider, returnTo, acrValues, maxAgeSeconds }: ProviderSignIn,
): Promise<Leaving> {
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  const parameters = new URLSearchParams({
    client_id: clientId,
    return_to: returnTo,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: 'S256',
    ...(acrValues !== undefined && { acr_values: acrValues }),
    ...(maxAgeSeconds !== undefined && { max_age: String(maxAgeSeconds) }),
  });
  const begin = `${authority.replace(/\/$/, '')}/providers/${encodeURIComponent(provider)}/begin`;
  return { url: `${begin}?${parameters.toString()}`, verifier };
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
