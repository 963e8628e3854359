import { openPolicyRules } from '@sallyport/auth/policy';
import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCatalog, type CatalogDatabase } from './database.ts';
import { whereProduct } from './product-condition.ts';
import { productVocabulary } from './product-rules.ts';
import { products } from './schema.ts';
import { insertProducts, runCatalog, type RunningCatalog } from './testing/running-catalog.ts';

let catalog: RunningCatalog;
let database: CatalogDatabase;
let close: () => Promise<void>;
const rows: {
  id: string;
  ownerSubject: string;
  visibility: 'public' | 'authenticated' | 'owner';
  archived: boolean;
}[] = [];

// Every product that rules can tell apart.
beforeAll(async () => {
  catalog = await runCatalog();
  const opened = openCatalog(catalog.databaseUrl);
  database = opened.database;
  close = () => opened.pool.end();
  for (const ownerSubject of ['u_ada', 'u_eve', '${user}', "u_'"]) {
    for (const visibility of ['public', 'authenticated', 'owner'] as const) {
      for (const archived of [false, true]) rows.push({ id: crypto.randomUUID(), ownerSubject, visibility, archived });
    }
  }
  await insertProducts(
    catalog,
    rows.map(({ ownerSubject: owner, ...row }) => ({ ...row, owner })),
  );
});
afterAll(async () => {
  await close();
  await catalog.close();
});

const owner = fc.constantFrom('u_ada', 'u_eve', "u_'", '', 'nobody');
const someone = fc.oneof(owner, fc.constant('${user}'));
const visibility = fc.constantFrom(
  'public',
  'authenticated',
  'owner',
  'no such visibility',
  "'; DROP TABLE products; --",
);
const compared = (value: fc.Arbitrary<unknown>, listed: fc.Arbitrary<unknown>) =>
  fc.oneof(
    value,
    fc.record({ $eq: value }),
    fc.record({ $ne: value }),
    fc.record({ $in: fc.array(listed, { maxLength: 3 }) }),
    fc.record({ $nin: fc.array(listed, { maxLength: 3 }) }),
    fc.record({ $ne: value, $in: fc.array(listed, { maxLength: 4 }) }),
  );
const conditions = fc.record(
  {
    owner: compared(someone, owner),
    visibility: compared(visibility, visibility),
    archived: fc.oneof(fc.boolean(), fc.record({ $ne: fc.boolean() })),
  },
  { requiredKeys: [], noNullPrototype: true },
);
const rules = fc.array(
  fc.record({
    to: fc.constantFrom('user', 'user', 'role:curator'),
    action: fc.constant('read'),
    subject: fc.constant('product'),
    conditions,
    inverted: fc.constantFrom(false, false, true),
  }),
  { maxLength: 6 },
);
const principals = fc.record({
  user: fc.constantFrom('u_ada', 'u_eve', "u_'", '${user}'),
  roles: fc.constantFrom(new Set<string>(), new Set(['curator'])),
});

test('PostgreSQL finds exactly the products that would be allowed one by one, whatever the rules', async () => {
  await fc.assert(
    fc.asyncProperty(rules, principals, async (written, principal) => {
      const ruleSet = { version: 1, kinds: productVocabulary, rules: written };
      const opened = openPolicyRules(ruleSet, productVocabulary);
      const condition = opened.which({ principal, action: 'read', kind: 'product' });
      const found = await database
        .select({ id: products.id })
        .from(products)
        .where(whereProduct(condition, sql.placeholder('user')))
        .prepare('')
        .execute({ user: principal.user });
      const allowed = rows.filter(({ id, ownerSubject, visibility: seen, archived }) =>
        opened.decide({
          principal,
          action: 'read',
          resource: { kind: 'product', id, attributes: { owner: ownerSubject, visibility: seen, archived } },
        }),
      );
      expect(found.map(({ id }) => id).toSorted()).toEqual(allowed.map(({ id }) => id).toSorted());
    }),
    { numRuns: 300 },
  );
});
