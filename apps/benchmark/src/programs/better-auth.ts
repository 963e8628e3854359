import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import pg from 'pg';
import { listenLocally } from '../listen-locally.ts';
import type { LoadRequest } from '../load-generator.ts';
import { takeOrders } from '../orders.ts';

// A peer: `getSession` of better-auth, which finds a session and its user in PostgreSQL by a signed cookie. Its cookie cache is off,
// as it is by default: with it, an answer would be as old as the cookie.

const secret = 'a secret of thirty-two characters, or more';
const server = createServer();
const url = await listenLocally(server);

const auth = betterAuth({
  baseURL: url,
  secret,
  database: new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 10 }),
  // It would count every request of this one address.
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  advanced: { database: { joins: true } },
});
const { runMigrations } = await getMigrations(auth.options);
await runMigrations();
const handle = toNodeHandler(auth);
server.on('request', (request, response) => void handle(request, response));

takeOrders({ begin }, url);

/** Begins so many sessions, each of a user of its own, and answers the requests that ask about them. */
async function begin(count: number): Promise<Readonly<{ requests: readonly LoadRequest[]; containing: string }>> {
  const { internalAdapter, authCookies } = await auth.$context;
  const cookies: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const user = await internalAdapter.createUser(
      { name: 'Measured', email: `measured-${index}@example.org` },
      { method: 'email' },
    );
    const { token } = await internalAdapter.createSession(user.id);
    const signature = createHmac('sha256', secret).update(token).digest('base64');
    cookies.push(`${authCookies.sessionToken.name}=${encodeURIComponent(`${token}.${signature}`)}`);
  }
  const asking = { method: 'GET', path: '/api/auth/get-session', body: '' } as const;
  return { requests: cookies.map((cookie) => ({ ...asking, headers: { cookie } })), containing: '"userId":' };
}
