import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { throwAwayDatabase } from '@sallyport/db/testing';
import { createLog } from '@sallyport/service';
import pg from 'pg';
import type { Mail, SendMail } from '../accounts/mail.ts';
import { openAuthority, type AuthoritySettings } from '../open-authority.ts';
import { prepareDatabase } from '../prepare-database.ts';
import { codeAt, seedFromBase32, seedToBase32 } from '../second-factor/totp.ts';
import { serveAuth } from '../serve-auth.ts';
import { newServiceKey, openCallers } from './callers.ts';
import { houseClients } from './house-clients.ts';

export const ada = { email: 'ada@sallyport.example', password: 'correct horse battery staple' };
export const grace = { email: 'grace@sallyport.example', password: 'correct horse battery staple' };
export const adaSubject = 'u_adaAAAAAAAAAAAAA';
export const adaSeed = seedFromBase32('JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP');

type RunOptions = Readonly<{ throttleFactor?: number; trustedProxies?: readonly string[] }> &
  Pick<AuthoritySettings, 'identityProviders' | 'places'>;

/** The web page of the suites, where passkeys are made. */
export const shopOrigin = 'https://www.shop.example';

export type RunningAuthority = Awaited<ReturnType<typeof runAuthority>>;

/**
 * The whole authority for a suite: its own database on a real PostgreSQL, real HTTP on a free port, demo people. Suites ask
 * for more than people do, so `throttleFactor` is high; those that are about throttles set it to 1.
 */
export async function runAuthority({
  throttleFactor = 10_000,
  trustedProxies = [],
  identityProviders = [],
  places,
}: RunOptions = {}) {
  const database = await throwAwayDatabase();
  const keyEncryptionKey = randomBytes(32);
  const keys = { catalog: await newServiceKey('catalog-1'), payments: await newServiceKey('payments-1') };
  const clients = await houseClients({ catalog: keys.catalog.publicJwk, payments: keys.payments.publicJwk });
  const preparation = { databaseUrl: database.url, keyEncryptionKey, clients, withDemoAccounts: true };
  await prepareDatabase(preparation);

  // Runs with the real time, so that nothing has to know of it, and can be moved ahead.
  let aheadMs = 0;
  const now = (): number => Date.now() + aheadMs;
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const logLines: string[] = [];
  const log = createLog('auth', 'debug', { write: (line) => void logLines.push(line) });
  const outbox: Mail[] = [];
  const sendMail: SendMail = async (mail) => void outbox.push(mail);
  const opened = await openAuthority({
    issuer,
    databaseUrl: database.url,
    keyEncryptionKey,
    log,
    now,
    throttleFactor,
    identityProviders,
    ...(places !== undefined && { places }),
    passkeys: { domain: 'shop.example', origins: [shopOrigin] },
    sendMail,
  });
  const running = await serveAuth({ port, host: '127.0.0.1', opened, trustedProxies });
  // Sees everything, as an operator does.
  const operator = new pg.Pool({ connectionString: database.url, options: '-c search_path=auth', max: 4 });
  // Dropping the database ends the connections that have not quite ended yet.
  operator.on('error', () => {}).on('connect', (client) => client.on('error', () => {}));

  return {
    ...openCallers({ issuer, keys, now }),
    issuer,
    preparation,
    authority: opened.authority,
    wake: opened.wake,
    operator,
    /** What was mailed so far. `later.settled()` of the authority waits for what is under way. */
    outbox,
    keys,
    logLines,
    now,
    advance: (seconds: number) => (aheadMs += seconds * 1000),
    codeOf: (seed: Uint8Array, stepsAhead = 0) => codeAt(seed, now() + stepsAhead * 30_000),
    close: async () => {
      await operator.end();
      await running.close();
      await database.drop();
      assertNoSecrets(logLines);
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

/** Every suite that runs an authority looks at the end for what must stand in no log: a signed token, a password, a seed. */
function assertNoSecrets(lines: readonly string[]): void {
  const secrets = [ada.password, seedToBase32(adaSeed)];
  const leaky = lines.filter(
    (line) => /eyJ[A-Za-z0-9_-]{10,}\./.test(line) || secrets.some((secret) => line.includes(secret)),
  );
  if (leaky.length > 0)
    throw new Error(`${leaky.length} lines of the log hold a secret, the first at ${leaky[0]?.slice(0, 80)}`);
}
