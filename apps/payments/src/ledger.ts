import { randomUUIDv7 } from 'node:crypto';
import type { Principal } from '@sallyport/auth';
import { databaseFailure } from '@sallyport/db';
import { refuse } from '@sallyport/service';
import type { PaymentsDatabase, PaymentsQueries } from './database.ts';
import { openAccounts, recordTransfer, type AccountName, type Transfer } from './double-entry.ts';
import { inFreshTransaction } from './fresh-transaction.ts';
import { onceFor, questionOf, storedAnswer, type Question } from './idempotency.ts';
import type { Receipt } from './receipt.ts';
import { receivedPayment } from './received-payment.ts';

/** Amounts are digits in minor units; `idempotencyKey` is the caller's, see `idempotency.ts`. */
export type TopUp = Readonly<{ idempotencyKey: string; amount: string; currency: string }>;
export type Payment = TopUp &
  Readonly<{ productId: string; /** Who gets the money. Not part of what was asked. */ seller: string }>;
export type Refund = Readonly<{ idempotencyKey: string; transferId: string }>;

/**
 * Puts money into the principal's own wallet; where it comes from is not this service's matter yet.
 *
 * This and the functions below are all that moves money. Each moves it once per idempotency key, takes a principal whom the
 * authority vouched for just now, with a second factor (nothing less compiles), and may throw what `onceFor` and
 * `inFreshTransaction` say, and 409 `insufficient_funds`.
 */
export async function topUp(
  database: PaymentsDatabase,
  principal: Principal<'fresh+mfa'>,
  order: TopUp,
): Promise<Receipt> {
  const { idempotencyKey, amount, currency } = order;
  const owner = principal.user;
  return move(database, principal, {
    question: questionOf(principal, idempotencyKey, { procedure: 'topUp', input: { amount, currency } }),
    receipt: { transferId: randomUUIDv7(), kind: 'top_up', amount, currency },
    accounts: (transaction) =>
      openAccounts(transaction, {
        from: { kind: 'funding', owner, currency },
        to: { kind: 'wallet', owner, currency },
      }),
  });
}

/** What a payment with this key was answered before, if it was. Lets a repetition skip asking for the price. */
export function paymentMade(
  database: PaymentsDatabase,
  principal: Principal<'fresh+mfa'>,
  order: Omit<Payment, 'seller'>,
): Promise<Receipt | undefined> {
  return storedAnswer(database, paymentQuestion(principal, order));
}

/**
 * Pays for a product: from the payer's wallet to the seller's merchant account. That the product has this price and this
 * seller is for the caller to know.
 * @throws 409 `own_product`
 */
export async function pay(
  database: PaymentsDatabase,
  principal: Principal<'fresh+mfa'>,
  order: Payment,
): Promise<Receipt> {
  const { productId, amount, currency, seller } = order;
  if (seller === principal.user) {
    refuse({ code: 'CONFLICT', reason: 'own_product', message: 'This product is your own.' });
  }
  const from: AccountName = { kind: 'wallet', owner: principal.user, currency };
  const to: AccountName = { kind: 'merchant', owner: seller, currency };
  return move(database, principal, {
    question: paymentQuestion(principal, order),
    receipt: { transferId: randomUUIDv7(), kind: 'payment', amount, currency, productId },
    accounts: (transaction) => openAccounts(transaction, { from, to }),
  });
}

/**
 * Gives a payment back: whole, once, by the seller who received it, from the merchant account, which must cover it.
 * @throws 404 `payment_not_found` for everything that is not a payment which this principal received; 409 `already_refunded`
 */
export async function refund(
  database: PaymentsDatabase,
  principal: Principal<'fresh+mfa'>,
  order: Refund,
): Promise<Receipt> {
  const { idempotencyKey, transferId: refunds } = order;
  const payment = await receivedPayment(database, refunds, principal.user);
  if (payment === undefined) {
    refuse({ code: 'NOT_FOUND', reason: 'payment_not_found', message: 'You received no such payment.' });
  }
  const { amount, currency, product: productId, from, to } = payment;
  return move(database, principal, {
    question: questionOf(principal, idempotencyKey, { procedure: 'refund', input: { transferId: refunds } }),
    receipt: {
      transferId: randomUUIDv7(),
      kind: 'refund',
      amount: String(amount),
      currency,
      ...(productId !== undefined && { productId }),
      refunds,
    },
    accounts: () => Promise.resolve({ from, to }),
  });
}

type Movement = Readonly<{
  question: Question;
  receipt: Receipt;
  accounts: (transaction: PaymentsQueries) => Promise<Pick<Transfer, 'from' | 'to'>>;
}>;

async function move(
  database: PaymentsDatabase,
  principal: Principal<'fresh+mfa'>,
  movement: Movement,
): Promise<Receipt> {
  const { question, receipt } = movement;
  const { transferId: id, kind, amount, productId: product, refunds } = receipt;
  try {
    return await inFreshTransaction(database, principal, (transaction) =>
      onceFor(transaction, question, {
        answer: receipt,
        perform: async () => {
          const sides = await movement.accounts(transaction);
          // A key holds no space, so two different pairs never read the same.
          const reference = `${question.client} ${question.key}`;
          const why = { id, kind, subject: principal.user, reference, product, refunds };
          await recordTransfer(transaction, { ...why, ...sides, amount: BigInt(amount) });
        },
      }),
    );
  } catch (error) {
    return refuseBrokenRule(error);
  }
}

/** The rules that a request may run into are kept by the database; here they get the sentence that the caller hears. */
function refuseBrokenRule(error: unknown): never {
  const failure = databaseFailure(error);
  const rule = failure.kind === 'constraint' ? failure.name : undefined;
  if (rule === 'accounts_cover') {
    refuse({ code: 'CONFLICT', reason: 'insufficient_funds', message: 'The account does not cover this.' });
  }
  if (rule === 'transfers_refunded_once') {
    refuse({ code: 'CONFLICT', reason: 'already_refunded', message: 'This payment was refunded before.' });
  }
  throw error;
}

function paymentQuestion(principal: Principal<'fresh+mfa'>, order: Omit<Payment, 'seller'>): Question {
  const { productId, amount, currency } = order;
  return questionOf(principal, order.idempotencyKey, { procedure: 'pay', input: { productId, amount, currency } });
}
