import { createHash } from 'node:crypto';
import type { CatalogQueries } from './database.ts';
import { categories, products } from './schema.ts';
import { categoryWords, makers, promises, qualities, type CategoryWords } from './seed-words.ts';

type SeedProduct = typeof products.$inferInsert & { name: string; category: string };

/** Each thing comes in each material: 20 categories of 55 products. */
export const seededProductCount = categoryWords.reduce((sum, words) => sum + pairCount(words), 0);

const owners = ['u_graceAAAAAAAAAAA', 'u_adaAAAAAAAAAAAAA'] as const;
const firstCreatedAt = Date.UTC(2026, 0, 5, 9);
const minutesApart = 137;

/** Writes the demo products in one statement for all; what is there stays as it is. Safe to run again. */
export async function seedDemo(queries: CatalogQueries): Promise<void> {
  await queries
    .insert(categories)
    .values(categoryWords.map(({ slug, name }) => ({ slug, name })))
    .onConflictDoNothing();
  await queries.insert(products).values(demoProducts()).onConflictDoNothing();
}

/** The same products each time, with the same ids. Newest last; categories, owners and visibilities are mixed throughout. */
export function demoProducts(): SeedProduct[] {
  return Array.from({ length: seededProductCount }, (_, index) => demoProduct(index));
}

function demoProduct(index: number): SeedProduct {
  const words = pick(categoryWords, index);
  const turn = Math.floor(index / categoryWords.length);
  const thing = pick(words.things, turn);
  const material = pick(words.materials, turn + Math.floor(turn / words.things.length));
  const random = randomsOf(`${words.slug} ${turn}`);
  const name = `${pick(qualities, random[0])} ${material} ${thing}`;
  const createdAt = new Date(firstCreatedAt + index * minutesApart * 60_000);
  return {
    id: uuidAt(createdAt.getTime(), name),
    name,
    description: `${pick(makers, random[1])}. It ${pick(words.uses, random[2])}. ${pick(promises, random[3])}`,
    category: words.slug,
    priceMinor: priceBetween(words.price, random[4]),
    currency: 'EUR',
    ownerSubject: pick(owners, random[5]),
    createdAt,
    updatedAt: createdAt,
    ...standing(random[6] % 100, createdAt),
  };
}

/** Of a hundred: 85 public, 8 for whoever signed in, 5 for their owner alone, 2 archived. */
function standing(percentile: number, createdAt: Date): Pick<SeedProduct, 'visibility' | 'archivedAt'> {
  if (percentile < 85) return { visibility: 'public' };
  if (percentile < 93) return { visibility: 'authenticated' };
  if (percentile < 98) return { visibility: 'owner' };
  return { visibility: 'public', archivedAt: new Date(createdAt.getTime() + 24 * 60 * 60_000) };
}

/** Minor units: a whole number of euros less 5, 10 or 50 cents, as prices are. */
function priceBetween([least, most]: readonly [number, number], random: number): bigint {
  const euros = least + 1 + (random % (most - least));
  return BigInt(euros * 100 - pick([5, 10, 50], random >>> 8));
}

function pairCount({ things, materials }: CategoryWords): number {
  return things.length * materials.length;
}

function pick<Item>(items: readonly Item[], random: number): Item {
  const item = items[random % items.length];
  if (item === undefined) throw new Error('There is nothing to pick from.');
  return item;
}

type Randoms = readonly [number, number, number, number, number, number, number];

/** Numbers that look random and are always the same for one text. */
function randomsOf(text: string): Randoms {
  const hash = createHash('sha256').update(text).digest();
  const at = (place: number): number => hash.readUInt32BE(place * 4);
  return [at(0), at(1), at(2), at(3), at(4), at(5), at(6)];
}

/** A UUID version 7 (RFC 9562 §5.7) of that millisecond, whose other bits follow from the text. */
function uuidAt(epochMs: number, text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes.writeUIntBE(epochMs, 0, 6);
  bytes.writeUInt8(0x70 | (bytes.readUInt8(6) & 0x0f), 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
