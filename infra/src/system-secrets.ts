import { randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import { z } from 'zod';

const privateJwk = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  d: z.string(),
  kid: z.string(),
  alg: z.literal('ES256'),
});

/** What a system needs that nobody may know. Made anew for each test; development keeps its own in a file. */
export const systemSecrets = z.strictObject({
  keyEncryptionKey: z.string(),
  clientKeys: z.strictObject({ catalog: privateJwk, payments: privateJwk }),
});

export type SystemSecrets = Readonly<z.output<typeof systemSecrets>>;

export async function makeSystemSecrets(): Promise<SystemSecrets> {
  const [catalog, payments] = await Promise.all([makeClientKey(), makeClientKey()]);
  return { keyEncryptionKey: randomBytes(32).toString('base64url'), clientKeys: { catalog, payments } };
}

async function makeClientKey() {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return privateJwk.parse({
    ...(await exportJWK(privateKey)),
    kid: randomBytes(12).toString('base64url'),
    alg: 'ES256',
  });
}
