import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { AuthQueries } from '../database.ts';
import { publicKeyJwk, type PublicKeyJwk } from '../keys/public-key.ts';
import { clients } from '../schema.ts';

/** What an unknown client's assertion is checked against. Nobody has the private half. */
const nobodysKey = publicKeyJwk.parse({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
  kid: 'nobody',
});

/**
 * The key that an assertion must be signed with: the client's own of that `kid`, or nobody's. Found in the same steps for a
 * registered client and for none, a row of the same size included, so that the time of the answer does not tell.
 */
export async function findAssertionKey(queries: AuthQueries, clientId: string, kid: string): Promise<KeyObject> {
  const { rows } = await queries.execute<{ keys: readonly PublicKeyJwk[] }>(sql`
    SELECT coalesce(${clients.publicKeys}, ${JSON.stringify([nobodysKey])}::jsonb) AS keys
    FROM (SELECT ${clientId}::text AS asked) AS one LEFT JOIN ${clients} ON ${clients.clientId} = one.asked`);
  const jwk = rows[0]?.keys.find((key) => key.kid === kid) ?? nobodysKey;
  return createPublicKey({ key: jwk, format: 'jwk' });
}
