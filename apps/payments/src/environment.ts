import { serviceSettings } from '@sallyport/service';
import { z } from 'zod';

const privateKey = z.looseObject({ kty: z.literal('EC'), crv: z.literal('P-256'), kid: z.string(), d: z.string() });

/** The settings of payments, for `readEnvironment`. */
export const paymentsSettings = {
  ...serviceSettings(4002),
  CATALOG_URL: z
    .url({ protocol: /^https?$/ })
    .describe('the address of the catalog service, such as http://localhost:4001'),
  CLIENT_ID: z.string().min(1).default('payments').describe('the client id of this service at the authority'),
  CLIENT_KEY: z
    .string()
    .transform(parseJson)
    .pipe(privateKey)
    .describe('the private ES256 JWK of this service, with kid, as JSON'),
};

/** The settings of `prepare.ts`. Its login may create schemas and roles; the service itself acts as its run-time role. */
export const preparationSettings = {
  DATABASE_URL: serviceSettings(0).DATABASE_URL,
  SEED: z.enum(['demo']).optional().describe('demo, or nothing'),
};

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
