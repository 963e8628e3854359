import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { insertProducts, outcomeOf, runCatalog, type Caller, type RunningCatalog } from './testing/running-catalog.ts';

let catalog: RunningCatalog;
let ada: Caller;
let grace: Caller;

beforeAll(async () => {
  catalog = await runCatalog();
  [ada, grace] = await Promise.all([catalog.as('u_ada'), catalog.as('u_grace')]);
});
beforeEach(() => catalog.admin.query('TRUNCATE products'));
afterAll(() => catalog.close());

const kettle = {
  name: 'Copper Kettle',
  description: 'It boils.',
  category: 'kitchen',
  amount: '4999',
  currency: 'EUR',
} as const;

test('a product belongs to whoever created it, and is public unless they say otherwise', async () => {
  const created = await ada.products.create.mutate(kettle);
  expect(created).toMatchObject({ ...kettle, visibility: 'public', own: true, archived: false });
  expect(await grace.products.get.query({ id: created.id })).toEqual({ ...created, own: false });
  expect((await ada.products.mine.query()).items.map(({ id }) => id)).toEqual([created.id]);
});

test('a price survives the trip to the last cent', async () => {
  const { id } = await ada.products.create.mutate({ ...kettle, amount: '999999999999' });
  expect((await ada.products.get.query({ id })).amount).toBe('999999999999');
});

test('an update changes what it names and nothing else, and search follows', async () => {
  const { id, createdAt } = await ada.products.create.mutate(kettle);
  const updated = await ada.products.update.mutate({ id, name: 'Tin Pot', amount: '1' });
  expect(updated).toMatchObject({ ...kettle, name: 'Tin Pot', amount: '1', createdAt });
  expect((await ada.products.list.query({ search: 'pot' })).items).toHaveLength(1);
  expect((await ada.products.list.query({ search: 'kettle' })).items).toHaveLength(0);
});

describe('only the owner changes a product', () => {
  const cases = [
    { visibility: 'public', archived: false, expected: '403 not_owner' },
    { visibility: 'authenticated', archived: false, expected: '403 not_owner' },
    { visibility: 'owner', archived: false, expected: '404 not_found' },
    { visibility: 'public', archived: true, expected: '404 not_found' },
  ] as const;

  test.each(cases)('$visibility, archived: $archived → $expected', async ({ visibility, archived, expected }) => {
    const id = randomUUID();
    await insertProducts(catalog, [{ id, owner: 'u_ada', visibility, archived }]);
    const before = await catalog.stored();
    expect(await outcomeOf(grace.products.update.mutate({ id, amount: '1' }))).toBe(expected);
    expect(await outcomeOf(grace.products.archive.mutate({ id }))).toBe(expected);
    expect(await catalog.stored()).toEqual(before);
  });
});

test('archiving hides a product from others, and doing it again changes nothing', async () => {
  const { id } = await ada.products.create.mutate(kettle);
  const archived = await ada.products.archive.mutate({ id });
  expect(archived.archived).toBe(true);
  const before = await catalog.stored();
  expect(await ada.products.archive.mutate({ id })).toEqual(archived);
  expect(await catalog.stored()).toEqual(before);
  expect(await outcomeOf(grace.products.get.query({ id }))).toBe('404 not_found');
  expect((await ada.products.get.query({ id })).archived).toBe(true);
});

test('an archived product does not change any more', async () => {
  const id = randomUUID();
  await insertProducts(catalog, [{ id, owner: 'u_ada', archived: true }]);
  expect(await outcomeOf(ada.products.update.mutate({ id, amount: '1' }))).toBe('409 product_archived');
});

test('what does not exist is 404 for every write', async () => {
  const id = randomUUID();
  expect(await outcomeOf(ada.products.update.mutate({ id, amount: '1' }))).toBe('404 not_found');
  expect(await outcomeOf(ada.products.archive.mutate({ id }))).toBe('404 not_found');
});

test('a category that is not there is 400 unknown_category, and nothing is stored', async () => {
  const { id } = await ada.products.create.mutate(kettle);
  const before = await catalog.stored();
  expect(await outcomeOf(ada.products.create.mutate({ ...kettle, category: 'ships' }))).toBe('400 unknown_category');
  expect(await outcomeOf(ada.products.update.mutate({ id, category: 'ships' }))).toBe('400 unknown_category');
  expect(await catalog.stored()).toEqual(before);
});

const id = '019b8d62-7a80-722e-9156-1b7ad62c23a1';

const badInputs: readonly (readonly [string, unknown])[] = [
  ...[
    undefined,
    null,
    [],
    'x',
    {},
    { ...kettle, name: undefined },
    { ...kettle, name: '' },
    { ...kettle, name: '   ' },
    { ...kettle, name: 'x'.repeat(121) },
    { ...kettle, name: 7 },
    { ...kettle, name: 'a\u0000b' },
    { ...kettle, name: 'a\nb' },
    { ...kettle, name: '\ud800' },
    { ...kettle, description: 'a\u0000b' },
    { ...kettle, description: 'x'.repeat(4001) },
    { ...kettle, category: 'Kitchen' },
    { ...kettle, category: null },
    { ...kettle, amount: 1999 },
    { ...kettle, amount: '0' },
    { ...kettle, amount: '-5' },
    { ...kettle, amount: '1.5' },
    { ...kettle, amount: '1e3' },
    { ...kettle, amount: '01' },
    { ...kettle, amount: '1000000000000' },
    { ...kettle, currency: 'eur' },
    { ...kettle, currency: 'XYZ' },
    { ...kettle, visibility: 'secret' },
    { ...kettle, ownerSubject: 'u_grace' },
    { ...kettle, id },
    { ...kettle, archivedAt: null },
  ].map((input) => ['create', input] as const),
  ...[
    { id },
    { amount: '1' },
    { id: 'x', amount: '1' },
    { id, ownerSubject: 'u_grace' },
    { id, archived: true },
    { id, amount: null },
  ].map((input) => ['update', input] as const),
  ...[undefined, {}, { id: 7 }, { id, force: true }].map((input) => ['archive', input] as const),
];

test.each(badInputs)('products.%s with %j is 400 invalid_input and changes nothing', async (procedure, input) => {
  await insertProducts(catalog, [{ id, owner: 'u_ada' }]);
  const before = await catalog.stored();
  const authorization = `Bearer ${await catalog.authority.userToken({ audience: 'catalog', scope: 'catalog:write', subject: 'u_ada' })}`;
  const response = await fetch(`${catalog.url}/trpc/products.${procedure}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    ...(input !== undefined && { body: JSON.stringify(input) }),
  });
  expect([response.status, await response.json()]).toMatchObject([
    400,
    { error: { data: { reason: 'invalid_input' } } },
  ]);
  expect(await catalog.stored()).toEqual(before);
});

const badQuestions: readonly (readonly [string, unknown])[] = [
  ...[
    null,
    'x',
    { limit: 0 },
    { limit: 101 },
    { limit: 1.5 },
    { limit: '20' },
    { search: '' },
    { search: ' ' },
    { search: 'x'.repeat(201) },
    { search: 'a\u0000b' },
    { search: ['a'] },
    { category: '../etc' },
    { cursor: '' },
    { cursor: 'x'.repeat(401) },
    { offset: 20 },
    { visibility: 'owner' },
  ].map((input) => ['list', input] as const),
  ...[undefined, {}, { id: 'x' }, { id: [id] }, { id, owner: 'u_ada' }].map((input) => ['get', input] as const),
];

test.each(badQuestions)('products.%s with %j is 400 invalid_input', async (procedure, input) => {
  const query = input === undefined ? '' : `?${new URLSearchParams({ input: JSON.stringify(input) }).toString()}`;
  const response = await fetch(`${catalog.url}/trpc/products.${procedure}${query}`);
  expect([response.status, await response.json()]).toMatchObject([
    400,
    { error: { data: { reason: 'invalid_input' } } },
  ]);
});
