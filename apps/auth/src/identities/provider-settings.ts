import { parseJson } from '@sallyport/service';
import * as z from 'zod';
import { refuseProviders } from './identity-provider.ts';

const text = z.string().min(1).max(2048);
const ecdsa = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const;
const rsa = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const;
const algorithm = z.enum([...ecdsa, ...rsa]);
const scopes = z.array(z.string().regex(/^[!#-[\]-~]{1,64}$/)).min(1);

const assuranceRow = z.strictObject({
  acr: text.optional(),
  amr: z.array(text).max(16).optional(),
  means: z.enum(['aal1', 'aal2']),
});

const accessTokens = z.strictObject({
  audience: text,
  scopes: z.record(text, scopes),
  maxLifetimeSeconds: z.int().min(1).max(86_400).default(600),
  believeForSeconds: z.int().min(0).max(600),
  introspection: z.strictObject({ url: text, answersFor: z.array(z.enum(['opaque', 'signed'])).min(1) }).optional(),
});

const idTokens = z.strictObject({
  audiences: z.array(text).min(1).max(16),
  believeForSeconds: z.int().min(1).max(600),
  scopes,
});

const exchange = z.strictObject({
  clients: z.array(text).min(1),
  keySetUrl: text,
  algorithms: z.array(algorithm).min(1).default(['ES256']),
  accessTokens: accessTokens.optional(),
  idTokens: idTokens.optional(),
});

/** An entry of the list, as docs/identity-providers.md describes it. */
const identityProvider = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
  issuer: text,
  clientId: text,
  clientSecret: text.optional(),
  clientKey: z.looseObject({ kty: z.string(), alg: z.string(), d: z.string() }).optional(),
  scope: text.default('openid'),
  /** What OpenID Connect Registration §2 has for whoever says nothing. */
  idTokenAlgorithm: algorithm.default('RS256'),
  network: z.enum(['public', 'private']).default('public'),
  newAccounts: z.boolean().default(false),
  assurance: z.array(assuranceRow).max(32).default([]),
  authTime: z.enum(['required', 'assumed']).default('required'),
  maxAgeSeconds: z.int().min(0).max(86_400).default(3600),
  exchange: exchange.optional(),
});

/** The setting that names the OpenID providers people may sign in with. Default: none. */
export const providerSettings = {
  IDENTITY_PROVIDERS: z
    .string()
    .default('[]')
    .transform(parseJson)
    .pipe(
      z
        .array(identityProvider)
        .max(16)
        .superRefine((providers, context) => {
          const reason = refuseProviders(providers);
          if (reason !== undefined) context.addIssue({ code: 'custom', message: reason });
        }),
    )
    .describe('a JSON list of OpenID providers as docs/identity-providers.md shows it'),
};
