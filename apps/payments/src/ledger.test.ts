import type { Principal } from '@sallyport/auth';
import { afterAll, beforeAll, expect, expectTypeOf, test } from 'vitest';
import { openPayments } from './database.ts';
import { pay, paymentMade, refund, topUp, type Payment } from './ledger.ts';
import { balance, statement } from './statement.ts';
import { freshPrincipal, newKey, openTestBooks, outcomeOf, subjectWith, type TestBooks } from './testing/books.ts';

let books: TestBooks;

beforeAll(async () => {
  books = await openTestBooks();
});
afterAll(() => books.close());

function order(changes: Partial<Payment> = {}): Payment {
  return { idempotencyKey: newKey(), productId: 'p1', amount: '1000', currency: 'EUR', seller: 'u_seller', ...changes };
}

async function inWallet(subject: string): Promise<string | undefined> {
  return (await balance(books.database, subject)).find(({ account }) => account === 'wallet')?.balance;
}

async function countTransfers(subject: string): Promise<number> {
  const { rows } = await books.admin.query<{ count: number }>(
    'SELECT count(*)::int FROM transfers WHERE subject = $1',
    [subject],
  );
  return rows[0]?.count ?? Number.NaN;
}

async function countAnswers(subject: string): Promise<number> {
  const { rows } = await books.admin.query<{ count: number }>('SELECT count(*)::int FROM answers WHERE subject = $1', [
    subject,
  ]);
  return rows[0]?.count ?? Number.NaN;
}

test('money moves only for a principal who is fresh, with a second factor', () => {
  expectTypeOf(pay).parameter(1).toEqualTypeOf<Principal<'fresh+mfa'>>();
  const attempt = (local: Principal<'local'>, fresh: Principal<'fresh'>, degraded: Principal<'degraded'>): void => {
    // @ts-expect-error -- a signature is not enough
    void pay(books.database, local, order());
    // @ts-expect-error -- nor is the authority's word without a second factor
    void refund(books.database, fresh, { idempotencyKey: newKey(), transferId: '' });
    // @ts-expect-error -- nor is anything taken while the feed is silent
    void topUp(books.database, degraded, order());
    // @ts-expect-error -- and nobody writes a principal down by hand
    void pay(books.database, { kind: 'user', evidence: 'fresh+mfa', subject: 'u_ada', checkedAtMs: 0 }, order());
  };
  expect(attempt).toBeTypeOf('function');
});

test('a payment moves money from the wallet to the seller, and both see it in their statement', async () => {
  const ada = await subjectWith(books, 2500);
  const grace = await subjectWith(books, 0);
  const receipt = await pay(books.database, freshPrincipal(ada), order({ seller: grace }));
  expect(receipt).toEqual({
    transferId: receipt.transferId,
    kind: 'payment',
    amount: '1000',
    currency: 'EUR',
    productId: 'p1',
  });
  expect(await balance(books.database, ada)).toEqual([{ account: 'wallet', currency: 'EUR', balance: '1500' }]);
  expect(await balance(books.database, grace)).toEqual([{ account: 'merchant', currency: 'EUR', balance: '1000' }]);
  const { lines } = await statement(books.database, ada, { limit: 10 });
  expect(lines.map(({ kind, amount, productId }) => [kind, amount, productId])).toEqual([
    ['payment', '-1000', 'p1'],
    ['top_up', '2500', null],
  ]);
});

test('a statement walks through all pages without leaving out or repeating a line', async () => {
  const ada = await subjectWith(books, 10_000);
  for (let n = 0; n < 6; n += 1) await pay(books.database, freshPrincipal(ada), order({ productId: `p${n}` }));
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await statement(books.database, ada, { limit: 3, cursor });
    seen.push(...page.lines.map(({ productId }) => productId ?? 'top-up'));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  expect(seen).toEqual(['p5', 'p4', 'p3', 'p2', 'p1', 'p0', 'top-up']);
});

test('nobody buys from himself', async () => {
  const ada = await subjectWith(books, 5000);
  expect(await outcomeOf(pay(books.database, freshPrincipal(ada), order({ seller: ada })))).toBe('own_product');
});

test('a wallet never goes below zero under 16 parallel payments', async () => {
  const ada = await subjectWith(books, 5000);
  const outcomes = await Promise.all(
    Array.from({ length: 16 }, () => outcomeOf(pay(books.database, freshPrincipal(ada), order()))),
  );
  expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(5);
  expect(outcomes.filter((outcome) => outcome === 'insufficient_funds')).toHaveLength(11);
  expect(await inWallet(ada)).toBe('0');
});

test('payments and refunds between the same accounts never deadlock', async () => {
  const [ada, grace] = [await subjectWith(books, 5000), await subjectWith(books, 0)];
  const [payer, seller] = [() => freshPrincipal(ada), () => freshPrincipal(grace)];
  const small = () => order({ seller: grace, amount: '10' });
  const made = await Promise.all(Array.from({ length: 12 }, () => pay(books.database, payer(), small())));
  const outcomes = await Promise.all(
    made.flatMap(({ transferId }) => [
      outcomeOf(pay(books.database, payer(), small())),
      outcomeOf(refund(books.database, seller(), { idempotencyKey: newKey(), transferId })),
    ]),
  );
  expect(new Set(outcomes)).toEqual(new Set(['done']));
  expect(await inWallet(ada)).toBe('4880');
});

test('32 parallel twins of one key have one effect and one answer', async () => {
  const ada = await subjectWith(books, 5000);
  const twin = order({ amount: '5000' });
  const answers = await Promise.all(Array.from({ length: 32 }, () => pay(books.database, freshPrincipal(ada), twin)));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(await countTransfers(ada)).toBe(2);
  expect(await inWallet(ada)).toBe('0');
});

test('a twin that waits in vain is told so, and later gets the answer of the first', async () => {
  const ada = await subjectWith(books, 5000);
  const twin = order();
  const first = await books.admin.connect();
  await first.query('BEGIN');
  await first.query("INSERT INTO answers (subject, client, key, question, answer) VALUES ($1, 'web', $2, '', '')", [
    ada,
    twin.idempotencyKey,
  ]);
  expect(await outcomeOf(pay(books.database, freshPrincipal(ada), twin))).toBe('idempotency_conflict');
  await first.query('ROLLBACK');
  first.release();
  expect(await outcomeOf(pay(books.database, freshPrincipal(ada), twin))).toBe('done');
});

test('a key that was used for one thing is refused for another', async () => {
  const ada = await subjectWith(books, 5000);
  const first = order();
  await pay(books.database, freshPrincipal(ada), first);
  const { idempotencyKey, currency, amount } = first;
  expect(await outcomeOf(pay(books.database, freshPrincipal(ada), { ...first, amount: '999' }))).toBe(
    'idempotency_key_reused',
  );
  expect(await outcomeOf(paymentMade(books.database, freshPrincipal(ada), { ...first, productId: 'p2' }))).toBe(
    'idempotency_key_reused',
  );
  expect(await outcomeOf(topUp(books.database, freshPrincipal(ada), { idempotencyKey, currency, amount }))).toBe(
    'idempotency_key_reused',
  );
  expect(await countTransfers(ada)).toBe(2);
});

test('keys of two people, or of two clients, have nothing to do with each other', async () => {
  const [ada, grace] = [await subjectWith(books, 5000), await subjectWith(books, 5000)];
  const same = order();
  const made = [
    await pay(books.database, freshPrincipal(ada), same),
    await pay(books.database, freshPrincipal(grace), same),
    await pay(books.database, { ...freshPrincipal(ada), client: 'kiosk' }, same),
  ];
  expect(new Set(made.map(({ transferId }) => transferId)).size).toBe(3);
});

test('a refused payment stores nothing, and its key can be used again', async () => {
  const ada = await subjectWith(books, 500);
  const attempt = order();
  expect(await outcomeOf(pay(books.database, freshPrincipal(ada), attempt))).toBe('insufficient_funds');
  expect(await countAnswers(ada)).toBe(1);
  expect(await countTransfers(ada)).toBe(1);
  await topUp(books.database, freshPrincipal(ada), { idempotencyKey: newKey(), amount: '500', currency: 'EUR' });
  expect(await outcomeOf(pay(books.database, freshPrincipal(ada), attempt))).toBe('done');
});

test('a committed answer is there, byte for byte, for a process that starts later', async () => {
  const ada = await subjectWith(books, 5000);
  const made = order();
  const receipt = await pay(books.database, freshPrincipal(ada), made);
  const later = openPayments(books.url);
  expect(JSON.stringify(await pay(later.database, freshPrincipal(ada), made))).toBe(JSON.stringify(receipt));
  expect(JSON.stringify(await paymentMade(later.database, freshPrincipal(ada), made))).toBe(JSON.stringify(receipt));
  await later.pool.end();
  expect(await countTransfers(ada)).toBe(2);
});

test('a payment is refunded once, however many ask at once', async () => {
  const [ada, grace] = [await subjectWith(books, 5000), await subjectWith(books, 0)];
  const { transferId } = await pay(books.database, freshPrincipal(ada), order({ seller: grace }));
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, () =>
      outcomeOf(refund(books.database, freshPrincipal(grace), { idempotencyKey: newKey(), transferId })),
    ),
  );
  expect(outcomes.toSorted()).toEqual([...Array.from({ length: 7 }, () => 'already_refunded'), 'done']);
  expect(await inWallet(ada)).toBe('5000');
});

test('a refund belongs to the seller who received the payment', async () => {
  const [ada, grace] = [await subjectWith(books, 5000), await subjectWith(books, 0)];
  const { transferId } = await pay(books.database, freshPrincipal(ada), order({ seller: grace }));
  const again = () => ({ idempotencyKey: newKey(), transferId });
  expect(await outcomeOf(refund(books.database, freshPrincipal(ada), again()))).toBe('payment_not_found');
  expect(await outcomeOf(refund(books.database, freshPrincipal('u_somebody'), again()))).toBe('payment_not_found');
  const given = await refund(books.database, freshPrincipal(grace), again());
  expect(
    await outcomeOf(refund(books.database, freshPrincipal(grace), { ...again(), transferId: given.transferId })),
  ).toBe('payment_not_found');
});

test('a merchant account that does not cover a refund gives none', async () => {
  const [ada, grace] = [await subjectWith(books, 5000), await subjectWith(books, 0)];
  const first = await pay(books.database, freshPrincipal(ada), order({ seller: grace }));
  // Nothing in this service takes money out of a merchant account yet; the books' owner does it here.
  await books.admin.query("UPDATE accounts SET balance = 999 WHERE owner = $1 AND kind = 'merchant'", [grace]);
  const attempt = { idempotencyKey: newKey(), transferId: first.transferId };
  expect(await outcomeOf(refund(books.database, freshPrincipal(grace), attempt))).toBe('insufficient_funds');
  await books.admin.query("UPDATE accounts SET balance = 1000 WHERE owner = $1 AND kind = 'merchant'", [grace]);
  expect(await outcomeOf(refund(books.database, freshPrincipal(grace), attempt))).toBe('done');
});

test('a payment whose fresh check is 2 s old does not commit', async () => {
  const ada = await subjectWith(books, 5000);
  const late = order();
  expect(await outcomeOf(pay(books.database, freshPrincipal(ada, 2000), late))).toBe('temporarily_unavailable');
  expect(await countAnswers(ada)).toBe(1);
  expect(await outcomeOf(pay(books.database, freshPrincipal(ada), late))).toBe('done');
});

test('a payment that got its connection too late does not begin', async () => {
  const ada = await subjectWith(books, 5000);
  const taken = await Promise.all(Array.from({ length: 10 }, () => books.pool.connect()));
  const late = outcomeOf(pay(books.database, freshPrincipal(ada), order()));
  setTimeout(() => taken.forEach((client) => client.release()), 600);
  expect(await late).toBe('temporarily_unavailable');
  expect(await countTransfers(ada)).toBe(1);
});

test('PostgreSQL ends a payment that would commit more than 2 s after its check', async () => {
  const ada = await subjectWith(books, 5000);
  const blocker = await books.admin.connect();
  await blocker.query('BEGIN');
  await blocker.query('SELECT 1 FROM accounts WHERE owner = $1 FOR UPDATE', [ada]);
  const startedAtMs = performance.now();
  expect(await outcomeOf(pay(books.database, freshPrincipal(ada, 1000), order()))).toBe('temporarily_unavailable');
  expect(performance.now() - startedAtMs).toBeLessThan(1000);
  await blocker.query('COMMIT');
  blocker.release();
  expect(await countTransfers(ada)).toBe(1);
});

test('a connection lost before its answer is "ask again", and asking again finds out', async () => {
  const ada = await subjectWith(books, 5000);
  const lost = order();
  const blocker = await books.admin.connect();
  await blocker.query('BEGIN');
  await blocker.query('SELECT 1 FROM accounts WHERE owner = $1 FOR UPDATE', [ada]);
  const outcome = outcomeOf(pay(books.database, freshPrincipal(ada), lost));
  await expect
    .poll(
      async () =>
        (
          await books.admin.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
          )
        ).rowCount,
    )
    .toBe(1);
  expect(await outcome).toBe('temporarily_unavailable');
  await blocker.query('COMMIT');
  blocker.release();
  expect(await outcomeOf(pay(books.database, freshPrincipal(ada), lost))).toBe('done');
  expect(await countTransfers(ada)).toBe(2);
});
