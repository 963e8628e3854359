import { randomUUIDv7 } from 'node:crypto';
import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pay, refund, topUp } from './ledger.ts';
import { seedDemo } from './prepare-database.ts';
import { balance } from './statement.ts';
import { freshPrincipal, openTestBooks, outcomeOf, subjectWith, type TestBooks } from './testing/books.ts';

let books: TestBooks;

beforeAll(async () => {
  books = await openTestBooks();
});
afterAll(() => books.close());

/** Runs statements as the run-time role in one transaction, and answers the error that ended it, if any. */
async function attempt(...statements: readonly [string, ...unknown[]][]): Promise<string | undefined> {
  const client = await books.pool.connect();
  try {
    await client.query('BEGIN');
    for (const [text, ...values] of statements) await client.query(text, values);
    await client.query('COMMIT');
    return undefined;
  } catch (error) {
    await client.query('ROLLBACK');
    return error instanceof Error ? error.message : String(error);
  } finally {
    client.release();
  }
}

async function account(owner: string, kind = 'wallet', currency = 'EUR'): Promise<string> {
  const { rows } = await books.admin.query<{ id: string }>(
    'INSERT INTO accounts (owner, kind, currency) VALUES ($1, $2, $3) ON CONFLICT (owner, kind, currency) DO UPDATE SET kind = $2 RETURNING id',
    [owner, kind, currency],
  );
  return rows[0]?.id ?? 'none';
}

function transferOf(id: string): [string, ...unknown[]] {
  return ["INSERT INTO transfers (id, kind, subject, reference) VALUES ($1, 'top_up', 'u_test', $2)", id, id];
}

function postingOf(transfer: string, to: string, amount: number): [string, ...unknown[]] {
  return ['INSERT INTO postings (transfer, account, amount) VALUES ($1, $2, $3)', transfer, to, amount];
}

test('a transfer that does not sum to zero cannot commit', async () => {
  const [id, funding, wallet] = [randomUUIDv7(), await account('u_a', 'funding'), await account('u_a')];
  expect(await attempt(transferOf(id), postingOf(id, funding, -100), postingOf(id, wallet, 99))).toContain(
    'does not sum to zero',
  );
});

test('a transfer with one posting, or with none, cannot commit', async () => {
  const [id, wallet] = [randomUUIDv7(), await account('u_a')];
  expect(await attempt(transferOf(id))).toContain('does not sum to zero');
  expect(await attempt(transferOf(id), postingOf(id, wallet, 100))).toContain('does not sum to zero');
});

test('two currencies do not make up for each other', async () => {
  const [id, funding, wallet] = [randomUUIDv7(), await account('u_a', 'funding', 'USD'), await account('u_a')];
  expect(await attempt(transferOf(id), postingOf(id, funding, -100), postingOf(id, wallet, 100))).toContain(
    'does not sum to zero',
  );
});

test('an early check does not excuse what is posted after it', async () => {
  const [id, funding, wallet, other] = [
    randomUUIDv7(),
    await account('u_a', 'funding'),
    await account('u_a'),
    await account('u_b'),
  ];
  const balanced = [transferOf(id), postingOf(id, funding, -100), postingOf(id, wallet, 100)] as const;
  expect(
    await attempt(
      ...balanced,
      ['SET CONSTRAINTS ALL IMMEDIATE'],
      ['SET CONSTRAINTS ALL DEFERRED'],
      postingOf(id, other, 5),
    ),
  ).toContain('does not sum to zero');
});

test('nothing is added to a transfer that is in the books, even if it sums to zero', async () => {
  const ada = await subjectWith(books, 1000);
  const { rows } = await books.admin.query<{ id: string }>('SELECT id FROM transfers WHERE subject = $1', [ada]);
  const id = rows[0]?.id ?? '';
  const [funding, wallet] = [await account('u_c', 'funding'), await account('u_c')];
  expect(await attempt(postingOf(id, funding, -100), postingOf(id, wallet, 100))).toContain('finished transfer');
});

test('a posting without an amount, and an account below zero, are refused whoever writes them', async () => {
  const [id, wallet, other] = [randomUUIDv7(), await account('u_d'), await account('u_e')];
  expect(await attempt(transferOf(id), postingOf(id, wallet, 0))).toContain('postings_amount');
  expect(await attempt(transferOf(id), postingOf(id, wallet, -1), postingOf(id, other, 1))).toContain('accounts_cover');
});

test('a temporary table of the same name deceives no check', async () => {
  const [id, wallet] = [randomUUIDv7(), await account('u_a')];
  const deceit: [string] = [
    'CREATE TEMPORARY TABLE accounts ON COMMIT DROP AS SELECT id, kind, owner, currency, balance FROM payments.accounts',
  ];
  expect(await attempt(deceit, transferOf(id), postingOf(id, wallet, 100))).toContain('does not sum to zero');
});

test.for([
  ...['accounts', 'transfers', 'postings', 'answers'].flatMap((table) => [
    `DELETE FROM ${table}`,
    `TRUNCATE ${table} CASCADE`,
  ]),
  'UPDATE accounts SET balance = 1',
  'UPDATE transfers SET product = product',
  'UPDATE postings SET amount = 1',
  "UPDATE answers SET answer = ''",
  "INSERT INTO accounts (kind, owner, currency, balance) VALUES ('wallet', 'u_forger', 'EUR', 1000)",
  "INSERT INTO transfers (id, kind, subject, reference, created_at) VALUES (uuidv7(), 'top_up', 'u_forger', 'x', '2001-01-01')",
  'ALTER TABLE postings DISABLE TRIGGER ALL',
  'SELECT payments.apply_postings()',
  'SELECT 1 FROM accounts FOR UPDATE',
])('the run-time role may not: %s', async (statement) => {
  expect(await attempt([statement])).toMatch(/permission denied|must be owner/);
});

test('the seed opens the demo wallets once, however often it runs', async () => {
  await Promise.all([seedDemo(books.url), seedDemo(books.url)]);
  await seedDemo(books.url);
  expect(await balance(books.database, 'u_adaAAAAAAAAAAAAA')).toEqual([
    { account: 'wallet', currency: 'EUR', balance: '25000' },
  ]);
  expect(await balance(books.database, 'u_graceAAAAAAAAAAA')).toEqual([
    { account: 'wallet', currency: 'EUR', balance: '0' },
  ]);
});

/** Each finds what must not be there. */
const faults = [
  'SELECT currency, sum(balance) FROM accounts GROUP BY currency HAVING sum(balance) <> 0',
  `SELECT accounts.id FROM accounts LEFT JOIN postings ON postings.account = accounts.id
   GROUP BY accounts.id HAVING accounts.balance <> coalesce(sum(postings.amount), 0)`,
  `SELECT transfer, currency FROM postings JOIN accounts ON accounts.id = account
   GROUP BY transfer, currency HAVING sum(amount) <> 0`,
  "SELECT id FROM accounts WHERE balance < 0 AND kind <> 'funding'",
  `SELECT transfers.id FROM transfers FULL JOIN answers ON answers.answer::json ->> 'transferId' = transfers.id::text
   WHERE transfers.id IS NULL OR (answers.key IS NULL AND transfers.reference <> 'seed/opening')`,
] as const;

/** What is wrong with the books, seen in one snapshot. */
async function faultsOf(client: pg.PoolClient): Promise<unknown[]> {
  const found: unknown[] = [];
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  for (const fault of faults) found.push(...(await client.query<object>(fault)).rows);
  await client.query('COMMIT');
  return found;
}

const subjects = ['u_x', 'u_y', 'u_z'] as const;
const subject = fc.constantFrom(...subjects);
const currency = fc.constantFrom('EUR', 'USD');
const idempotencyKey = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom('shared-1', 'shared-2') },
  { weight: 5, arbitrary: fc.uuid() },
);
const amount = fc.integer({ min: 1, max: 500 }).map(String);
const operation = fc.oneof(
  fc.record({ kind: fc.constant('topUp'), subject, currency, amount, idempotencyKey }),
  fc.record({ kind: fc.constant('pay'), subject, currency, amount, idempotencyKey, seller: subject }),
  fc.record({ kind: fc.constant('refund'), subject, idempotencyKey, which: fc.nat() }),
);

type Operation = typeof operation extends fc.Arbitrary<infer Value> ? Value : never;

test('every snapshot sums to zero while anything happens at once', { timeout: 60_000 }, async () => {
  const reader = await books.admin.connect();
  let snapshots = 0;
  const outcomes = new Set<string>();
  const perform = async (made: string[], step: Operation): Promise<void> => {
    const principal = freshPrincipal(step.subject);
    const call = () => {
      if ('which' in step)
        return refund(books.database, principal, {
          ...step,
          transferId: made[step.which % made.length] ?? randomUUIDv7(),
        });
      return 'seller' in step
        ? pay(books.database, principal, { ...step, productId: 'p' })
        : topUp(books.database, principal, step);
    };
    outcomes.add(await outcomeOf(call().then(({ kind, transferId }) => kind === 'payment' && made.push(transferId))));
  };
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 10, maxLength: 60 }), async (steps) => {
      const made: string[] = [];
      const state = { isRunning: true };
      const work = Promise.all(
        Array.from({ length: 6 }, async (_, lane) => {
          for (const step of steps.filter((_step, n) => n % 6 === lane)) await perform(made, step);
        }),
      ).finally(() => (state.isRunning = false));
      while (state.isRunning) {
        expect(await faultsOf(reader)).toEqual([]);
        snapshots += 1;
      }
      await work;
      expect(await faultsOf(reader)).toEqual([]);
    }),
    { numRuns: 15 },
  );
  reader.release();
  expect(snapshots).toBeGreaterThanOrEqual(15);
  expect(outcomes).toContain('done');
  expect(outcomes).toContain('insufficient_funds');
});
