import { expect, test } from 'vitest';
import { demoProducts } from './seed.ts';

test('there are over a thousand products, each with a name of its own, mixed in standing and ownership', () => {
  const products = demoProducts();
  const share = (part: (one: (typeof products)[number]) => boolean) => products.filter(part).length / products.length;
  expect(products.length).toBeGreaterThanOrEqual(1000);
  expect(new Set(products.map(({ name }) => name)).size).toBe(products.length);
  expect(new Set(products.map(({ id }) => id)).size).toBe(products.length);
  expect(new Set(products.map(({ category }) => category)).size).toBe(20);
  expect(share(({ visibility, archivedAt }) => visibility === 'public' && !archivedAt)).toBeCloseTo(0.85, 1);
  expect(share(({ visibility }) => visibility === 'authenticated')).toBeCloseTo(0.08, 1);
  expect(share(({ visibility }) => visibility === 'owner')).toBeCloseTo(0.05, 1);
  expect(share(({ archivedAt }) => archivedAt !== undefined)).toBeCloseTo(0.02, 1);
  expect(share(({ ownerSubject }) => ownerSubject === 'u_graceAAAAAAAAAAA')).toBeCloseTo(0.5, 1);
  expect(demoProducts()).toEqual(products);
});
