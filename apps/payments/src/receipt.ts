import { z } from 'zod';

const receipt = z.looseObject({
  transferId: z.string(),
  kind: z.enum(['top_up', 'payment', 'refund']),
  amount: z.string(),
  currency: z.string(),
});

/**
 * The answer to every regulated action: what was done, nothing that changes later. A new balance is left out on purpose,
 * because an answer that is given again years later must still be true.
 */
export type Receipt = Readonly<{
  transferId: string;
  kind: 'top_up' | 'payment' | 'refund';
  /** Minor units, as digits. */
  amount: string;
  currency: string;
  /** Of a payment, or of the payment that was refunded. */
  productId?: string;
  /** The transfer that a refund gave back. */
  refunds?: string;
}>;

/** Reads a stored receipt. The value is not rebuilt, so that it is written out again byte for byte. */
export function readReceipt(text: string): Receipt {
  const value: unknown = JSON.parse(text);
  if (!isReceipt(value)) throw new Error('A stored answer is not a receipt.');
  return value;
}

function isReceipt(value: unknown): value is Receipt {
  return receipt.safeParse(value).success;
}
