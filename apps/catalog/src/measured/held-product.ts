import type { ProductRow } from '../product-view.ts';

const describedAt = new Date('2026-01-05T09:00:00Z');

/** A product that is in no database. As an answer it is 1 KB of JSON. */
export const heldProduct: ProductRow = {
  id: '019b8d20-0000-7000-8000-000000000001',
  name: 'Hammered Copper Kettle',
  // As a driver hands it over, in one piece: V8 writes JSON of a text that is a part of another three times as slowly.
  description: Buffer.from('It boils, and it keeps warm. '.repeat(25).trimEnd()).toString(),
  category: 'kitchen',
  priceMinor: 12_995n,
  currency: 'EUR',
  visibility: 'public',
  ownerSubject: 'u_graceAAAAAAAAAAA',
  archivedAt: null,
  createdAt: describedAt,
  updatedAt: describedAt,
};
