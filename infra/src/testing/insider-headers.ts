import type { HeaderLines } from './raw-http.ts';

/** Stands in every forged value that is no subject. */
export const forgedMark = 'forged-by-somebody';

const whoIsAsking = `
  x-user-id x-user x-subject x-sub x-userid x-account-id x-principal remote-user x-remote-user
  x-forwarded-user x-forwarded-email x-auth-request-user x-authenticated-userid x-webauth-user
  x-consumer-id x-goog-authenticated-user-id x-ms-client-principal-id x-amzn-oidc-identity
  x-authentik-username tailscale-user-login
`;

const whatOnlyInsidersSay = `
  x-internal x-internal-request x-internal-service x-service x-client-id x-roles x-scope x-tenant-id
  x-admin x-forwarded-client-cert client-cert client-cert-chain x-client-cert x-ssl-client-cert
  x-ssl-client-verify x-ssl-client-s-dn x-forwarded-for forwarded x-real-ip x-client-ip true-client-ip
  cf-connecting-ip x-cluster-client-ip via x-forwarded-host x-forwarded-proto x-forwarded-prefix
  x-original-url x-rewrite-url x-middleware-subrequest x-http-method-override x-http-method
  x-method-override x-request-id request-id x-debug
`;

/**
 * What proxies, gateways and frameworks are known to believe, each twice and the second time in another spelling, as several
 * requests' worth: one request may carry a hundred lines.
 */
export function insiderHeaders(subject: string): readonly HeaderLines[] {
  const said = wordsOf(whatOnlyInsidersSay);
  return [
    twice(wordsOf(whoIsAsking), subject),
    twice(said.slice(0, 20), `${forgedMark}, 10.0.0.7`),
    twice(said.slice(20), `${forgedMark}, 10.0.0.7`),
  ];
}

function twice(names: readonly string[], value: string): HeaderLines {
  return names.flatMap((name, index) => {
    const spelling = index % 2 === 0 ? name.toUpperCase() : name.replaceAll('-', '_');
    return [[name, value] as const, [spelling, value] as const];
  });
}

function wordsOf(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}
