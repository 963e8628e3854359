import { proofAlgorithms } from '@sallyport/auth';
import { grants } from '../clients/client-matrix.ts';

export const oauthPaths = {
  metadata: '/.well-known/oauth-authorization-server',
  keys: '/oauth/jwks',
  token: '/oauth/token',
  introspection: '/oauth/introspect',
  revocation: '/oauth/revoke',
} as const;

/**
 * RFC 8414 §2. There is no authorization endpoint, so `response_types_supported` is empty. `mutualTlsUrl`: where clients show certificates,
 * if anywhere (RFC 8705 §5).
 */
export function metadata(issuer: string, mutualTlsUrl?: string) {
  const base = issuer.replace(/\/$/, '');
  const byAssertion = ['private_key_jwt'];
  const assertionAlgorithms = ['ES256'];
  return {
    issuer,
    token_endpoint: `${base}${oauthPaths.token}`,
    jwks_uri: `${base}${oauthPaths.keys}`,
    introspection_endpoint: `${base}${oauthPaths.introspection}`,
    revocation_endpoint: `${base}${oauthPaths.revocation}`,
    response_types_supported: [],
    grant_types_supported: grants,
    token_endpoint_auth_methods_supported: [...byAssertion, 'none'],
    token_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    introspection_endpoint_auth_methods_supported: byAssertion,
    introspection_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    introspection_signing_alg_values_supported: ['ES256'],
    revocation_endpoint_auth_methods_supported: [...byAssertion, 'none'],
    revocation_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    dpop_signing_alg_values_supported: proofAlgorithms,
    ...(mutualTlsUrl !== undefined && {
      tls_client_certificate_bound_access_tokens: true,
      mtls_endpoint_aliases: {
        token_endpoint: `${mutualTlsUrl}${oauthPaths.token}`,
        introspection_endpoint: `${mutualTlsUrl}${oauthPaths.introspection}`,
        revocation_endpoint: `${mutualTlsUrl}${oauthPaths.revocation}`,
      },
    }),
    acr_values_supported: ['aal1', 'aal2'],
  };
}
