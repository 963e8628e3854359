import { assertForeignIssuers, type ForeignIssuer, type SigningAlgorithm } from '@sallyport/auth';
import { z } from 'zod';
import { parseJson } from './parse-json.ts';

const name = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);
const text = z.string().min(1).max(2048);

const ecdsa = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const;
const rsa = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const;
const algorithms: readonly SigningAlgorithm[] = [...ecdsa, ...rsa];

const signedTokens = z.strictObject({
  keySetUrl: text,
  algorithms: z.array(z.enum(algorithms)).min(1).optional(),
  maxLifetimeSeconds: z.int().min(1).max(86_400).optional(),
  believeForSeconds: z.int().min(0).max(600),
});

const endpoint = { url: text, clientId: text, answersFor: z.array(z.enum(['opaque', 'signed'])).min(1) };
const introspection = z.union([
  z.strictObject({ ...endpoint, clientSecret: text }),
  z.strictObject({ ...endpoint, clientKey: z.looseObject({ kty: z.string(), alg: z.string(), d: z.string() }) }),
]);

const oneIssuer = z.strictObject({
  issuer: text,
  name,
  audience: text,
  audienceLists: z.boolean().optional(),
  acr: z.record(text, z.enum(['aal1', 'aal2'])).optional(),
  signedTokens: signedTokens.optional(),
  introspection: introspection.optional(),
});

/** The setting of a service that also believes other people's issuers: see docs/foreign-issuers.md. Default: none. */
export function foreignIssuerSettings() {
  return {
    TRUSTED_ISSUERS: z
      .string()
      .default('[]')
      .transform(parseJson)
      .pipe(z.array(oneIssuer).max(16).superRefine(refuseUnsound))
      .describe('a JSON list of issuers as docs/foreign-issuers.md shows it'),
  };
}

/** What the shapes alone do not tell. The sentence is ours and names no secret. */
function refuseUnsound(issuers: readonly ForeignIssuer[], context: z.RefinementCtx): void {
  try {
    assertForeignIssuers(issuers);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'it cannot work' });
  }
}
