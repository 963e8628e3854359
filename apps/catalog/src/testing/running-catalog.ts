import { readFile } from 'node:fs/promises';
import { systemClock } from '@sallyport/auth';
import { testAuthority, type CarriedTransaction, type TestAuthority, type UserToken } from '@sallyport/auth/testing';
import { createPool, runtimeRole } from '@sallyport/db';
import { throwAwayDatabase } from '@sallyport/db/testing';
import { createLog } from '@sallyport/service';
import { createTRPCClient, httpLink, TRPCClientError } from '@trpc/client';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { z } from 'zod';
import { openPolicy } from '../open-policy.ts';
import { migrateCatalog } from '../prepare-database.ts';
import { prepareReads } from '../product-reads.ts';
import type { CatalogRouter } from '../router.ts';
import * as schema from '../schema.ts';
import { serveCatalog } from '../serve-catalog.ts';
import { openTrust } from '../trust.ts';

const bothScopes = 'catalog:read catalog:write';

type RunChanges = Readonly<{
  withoutRules?: boolean;
  pool?: pg.Pool;
  confirmShare?: number;
  authority?: TestAuthority;
  directCalls?: boolean;
}>;

/**
 * The whole service on a free port, as its run-time role on a database of its own, behind its own gates. The authority is
 * in memory. `statements` records what the service asks PostgreSQL; `admin` may do anything there.
 * `changes.pool` lets it run on another database, such as one that is not there; `withoutRules`: nobody has published any;
 * decisions are looked at again only with a `confirmShare`; two with one `authority` believe the same tokens.
 */
export async function runCatalog(changes: RunChanges = {}) {
  const { url, drop } = await throwAwayDatabase();
  await migrateCatalog(url);
  const admin = new pg.Pool({ connectionString: url, options: '-c search_path=catalog', max: 2 });
  admin.on('error', () => {});
  await admin.query(`INSERT INTO categories (slug, name) VALUES ('kitchen', 'Kitchen'), ('books', 'Books')`);
  const statements: string[] = [];
  const authority = changes.authority ?? (await testAuthority(systemClock));
  const pool = changes.pool ?? createPool({ url, schema: 'catalog', role: runtimeRole('catalog') });
  const lines: string[] = [];
  const log = createLog('catalog', 'info', { write: (line) => void lines.push(line) });
  const { issuer } = authority;
  const { confirmShare = 0 } = changes;
  const keys = { ...authority.keys, refreshNow: async () => {}, close: () => {} };
  if (changes.withoutRules !== true) authority.publishRuleSet(await houseRules());
  const policy = openPolicy(authority.loadRuleSet, log);
  const database = drizzle({ client: pool, schema, logger: { logQuery: (query) => statements.push(query) } });
  const running = await serveCatalog({
    port: 0,
    host: '127.0.0.1',
    pool,
    database,
    reads: prepareReads(database),
    ...openTrust({ issuer, keys, ask: authority.introspect, feed: authority.feed, policy, log, confirmShare }),
    keys,
    policy,
    log,
    directCalls: changes.directCalls,
  });
  const caller = (headers: Readonly<Record<string, string>> = {}) =>
    createTRPCClient<CatalogRouter>({ links: [httpLink({ url: `${running.url}/trpc`, headers })] });

  return {
    url: running.url,
    databaseUrl: url,
    pool,
    admin,
    authority,
    statements,
    policy,
    /** Whether the alarm is on: the rules may not be the newest. */
    rulesAlarm: () =>
      lines.findLast((line) => line.includes('may not be the newest'))?.includes('"isOn":true') ?? false,
    lines,
    anonymous: caller(),
    /** Signed in, in a session of its own, with both scopes. */
    as: async (subject: string, token: Partial<UserToken> = {}) =>
      caller({
        authorization: `Bearer ${await authority.userToken({ audience: 'catalog', scope: bothScopes, subject, ...token })}`,
      }),
    /** Payments, carrying a buyer. */
    carrying: async (transaction: Omit<CarriedTransaction, 'service' | 'scope'>, scope = 'catalog:read') =>
      caller({
        authorization: `Bearer ${await authority.serviceToken({ client: 'payments', audience: 'catalog', scope })}`,
        'txn-token': await authority.transactionToken({ service: 'payments', scope: 'catalog:read', ...transaction }),
      }),
    /** Everything that is stored about products: equal before and after what changed nothing. */
    stored: async () => (await admin.query<object>('SELECT * FROM products ORDER BY id')).rows,
    close: async () => {
      await running.close();
      await admin.end();
      await drop();
    },
  };
}

const ruleSet = z.looseObject({ version: z.int(), rules: z.array(z.looseObject({})) });

/** The very rules that a new house begins with: the authority's file, and no copy of it. */
export async function houseRules(): Promise<z.infer<typeof ruleSet>> {
  const file = new URL('../../../auth/policy/house-rules.json', import.meta.url);
  return ruleSet.parse(JSON.parse(await readFile(file, 'utf8')));
}

export type RunningCatalog = Awaited<ReturnType<typeof runCatalog>>;
export type Caller = RunningCatalog['anonymous'];

export type ProductRow = Readonly<{
  id: string;
  name?: string;
  description?: string;
  category?: string;
  visibility?: 'public' | 'authenticated' | 'owner';
  owner?: string;
  archived?: boolean;
}>;

/** Puts products there, past the service. */
export async function insertProducts({ admin }: RunningCatalog, rows: readonly ProductRow[]): Promise<void> {
  for (const row of rows) {
    const { id, name = 'Tin Kettle', description = 'It boils.', category = 'kitchen' } = row;
    const { visibility = 'public', owner = 'u_ada', archived = false } = row;
    await admin.query(
      `INSERT INTO products (id, name, description, category, price_minor, currency, visibility, owner_subject, archived_at)
       VALUES ($1, $2, $3, $4, 1999, 'EUR', $5, $6, CASE WHEN $7 THEN now() END)`,
      [id, name, description, category, visibility, owner, archived],
    );
  }
}

/** Status and stable reason of a call that is refused; `done` of one that is not. */
export async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'done';
  } catch (error) {
    if (!(error instanceof TRPCClientError) || !isErrorData(error.data)) throw error;
    return `${error.data.httpStatus} ${error.data.reason}`;
  }
}

function isErrorData(data: unknown): data is { httpStatus: number; reason: string } {
  return typeof data === 'object' && data !== null && 'reason' in data;
}
