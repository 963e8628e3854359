import * as z from 'zod';

const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** The public half of an ES256 key (RFC 7517, RFC 7518 §6.2). Other members are dropped, private ones above all. */
export const publicKeyJwk = z
  .object({
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    x: coordinate,
    y: coordinate,
    kid: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  })
  .transform((jwk) => ({ ...jwk, alg: 'ES256' as const, use: 'sig' as const }));

export type PublicKeyJwk = z.infer<typeof publicKeyJwk>;
