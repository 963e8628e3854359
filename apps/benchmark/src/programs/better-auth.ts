import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import pg from 'pg';
import { takeOrders } from '../orders.ts';

// A peer: `getSession` of better-auth, which finds a session and its user in PostgreSQL by a signed cookie. Its cookie cache is off,
// as it is by default: with it, an answer would be as old as the cookie.

const secret = 'a secret of thirty-two characters, or more';
const server = createServer();
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;
const url = `http://127.0.0.1:${port}`;

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

/** Begins so many sessions, each of a user of its own, and answers the cookies that prove them. */
async function begin(count: number): Promise<Readonly<{ path: string; cookies: readonly string[] }>> {
  const { internalAdapter, authCookies } = await auth.$context;
  const cookies: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const user = await internalAdapter.createUser({ name: 'Measured', email: `measured-${index}@example.org` }, { method: 'email' });
    const { token } = await internalAdapter.createSession(user.id);
    const signature = createHmac('sha256', secret).update(token).digest('base64');
    cookies.push(`${authCookies.sessionToken.name}=${encodeURIComponent(`${token}.${signature}`)}`);
  }
  return { path: '/api/auth/get-session', cookies };
}
