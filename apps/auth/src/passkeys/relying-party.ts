/** Who passkeys are made for (WebAuthn §5.4.2): a domain, and the web pages on it that may ask for them. */
export type RelyingParty = Readonly<{
  /** The domain that passkeys belong to for ever. Every origin is on it, or below it. */
  domain: string;
  /** Spelled as browsers do. With none, nobody can register or show a passkey. */
  origins: readonly string[];
}>;

/** The relying party of a house: its issuer's domain, unless it says another. */
export function relyingPartyOf(
  issuer: string,
  { domain = new URL(issuer).hostname, origins }: Readonly<{ domain?: string | undefined; origins: readonly string[] }>,
): RelyingParty {
  return { domain, origins: origins.filter((origin) => isWithin(new URL(origin).hostname, domain)) };
}

function isWithin(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}
