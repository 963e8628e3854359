import { createServer } from 'node:http';
import { Provider, type Adapter, type AdapterPayload, type Configuration } from 'oidc-provider';
import pg from 'pg';
import { listenLocally } from '../listen-locally.ts';
import type { LoadRequest } from '../load-generator.ts';
import { takeOrders } from '../orders.ts';

// A peer: introspection (RFC 7662) of the opaque access tokens of oidc-provider, in its own memory or, with DATABASE_URL, in
// PostgreSQL.

const client = { id: 'measured', secret: 'measured-secret' };
const { DATABASE_URL: databaseUrl } = process.env;

const adapter = databaseUrl === undefined ? {} : { adapter: await openPostgresAdapter(databaseUrl) };
const configuration: Configuration = {
  ...adapter,
  clients: [
    { client_id: client.id, client_secret: client.secret, redirect_uris: [], response_types: [], grant_types: [] },
  ],
  scopes: ['payments:write'],
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: () => true },
  },
};
const provider = new Provider('http://127.0.0.1', configuration);
const handle = provider.callback();
const server = createServer((request, response) => void handle(request, response));

takeOrders({ begin }, await listenLocally(server));

/** Makes so many access tokens, each of a grant of its own, and answers the requests that ask about them. */
async function begin(count: number): Promise<Readonly<{ requests: readonly LoadRequest[]; containing: string }>> {
  const registered = await provider.Client.find(client.id);
  if (registered === undefined) throw new Error('The client is not registered.');
  const bodies: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const accountId = `account-${index}`;
    const grant = new provider.Grant({ accountId, clientId: client.id });
    const grantId = await grant.save();
    const token = new provider.AccessToken({
      accountId,
      client: registered,
      grantId,
      gty: 'authorization_code',
      scope: 'payments:write',
    });
    bodies.push(`token=${await token.save()}&token_type_hint=access_token`);
  }
  const authorization = `Basic ${btoa(`${client.id}:${client.secret}`)}`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization };
  const asking = { method: 'POST', path: '/token/introspection', headers } as const;
  return { requests: bodies.map((body) => ({ ...asking, body })), containing: '"active":true' };
}

/** One table, found by its primary key in a prepared statement on a pool of ten: what its documentation's examples come to, and faster. */
async function openPostgresAdapter(connectionString: string): Promise<(name: string) => Adapter> {
  const pool = new pg.Pool({ connectionString, max: 10 });
  await pool.query(`CREATE TABLE IF NOT EXISTS models (
    model text, id text, payload json NOT NULL, expires_at timestamptz, PRIMARY KEY (model, id))`);
  const unused = () => Promise.reject(new Error('Not part of what is measured.'));
  return (model) => ({
    find: async (id) => {
      const { rows } = await pool.query<{ payload: AdapterPayload }>({
        name: 'find',
        text: 'SELECT payload FROM models WHERE model = $1 AND id = $2 AND (expires_at IS NULL OR expires_at > now())',
        values: [model, id],
      });
      return rows[0]?.payload;
    },
    upsert: async (id, payload, expiresIn) => {
      await pool.query(
        `INSERT INTO models VALUES ($1, $2, $3, now() + make_interval(secs => $4))
         ON CONFLICT (model, id) DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at`,
        [model, id, JSON.stringify(payload), expiresIn ?? null],
      );
    },
    consume: unused,
    destroy: unused,
    findByUid: unused,
    findByUserCode: unused,
    revokeByGrantId: unused,
  });
}
