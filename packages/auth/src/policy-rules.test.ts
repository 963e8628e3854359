import { createMongoAbility, subject, type MongoAbility, type RawRuleOf } from '@casl/ability';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openPolicyRules } from './policy-rules.ts';
import type { AttributeValue, PolicyCondition, PolicyPrincipal } from './policy.ts';

const vocabulary = {
  product: { owner: 'string', visibility: 'string', archived: 'boolean', price: 'number' },
} as const;

const rule = { to: 'anyone', action: 'read', subject: 'product' };
const open = (rules: readonly object[]) => openPolicyRules({ version: 1, kinds: vocabulary, rules }, vocabulary);
const ada: PolicyPrincipal = { user: 'u_ada', roles: new Set(['curator', 'buyer']) };
const product = { owner: 'u_ada', visibility: 'public', archived: false, price: 5 };
const asks = (principal: PolicyPrincipal | undefined, action = 'read', attributes = product) => ({
  principal,
  action,
  resource: { kind: 'product', id: '1', attributes },
});

describe('one thing', () => {
  test('what no rule allows is denied: another action, another kind, or no rules at all', () => {
    expect(open([]).decide(asks(ada))).toBe(false);
    expect(open([rule]).decide(asks(ada))).toBe(true);
    expect(open([rule]).decide(asks(ada, 'change'))).toBe(false);
    const two = { product: vocabulary.product, order: {} };
    const orders = openPolicyRules({ version: 1, kinds: two, rules: [{ ...rule, subject: 'order' }] }, two);
    expect(orders.decide(asks(ada))).toBe(false);
  });

  test.each([
    ['anyone', [true, true]],
    ['user', [false, true]],
    ['role:curator', [false, true]],
    ['role:admin', [false, false]],
    ['role:curator,buyer', [false, false]],
  ])('a rule to %s is for a stranger and for Ada, who is a curator: %j', (to, expected) => {
    const rules = open([{ ...rule, to }]);
    expect([rules.decide(asks(undefined)), rules.decide(asks(ada))]).toEqual(expected);
  });

  test('a rule that forbids wins, wherever it stands and whoever else is allowed', () => {
    const forbids = { ...rule, to: 'user', inverted: true, conditions: { price: { $gt: 100 } } };
    const allows = [rule, { ...rule, to: 'role:curator' }];
    for (const rules of [
      [forbids, ...allows],
      [...allows, forbids],
      [allows[0], forbids, allows[1]],
    ]) {
      const opened = open(rules.filter((one) => one !== undefined));
      expect(opened.decide(asks(ada))).toBe(true);
      expect(opened.decide(asks(ada, 'read', { ...product, price: 101 }))).toBe(false);
      expect(opened.decide(asks(undefined, 'read', { ...product, price: 101 }))).toBe(true);
    }
  });

  test('all conditions of a rule must hold, and a list means one of', () => {
    const rules = open([{ ...rule, conditions: { archived: false, visibility: { $in: ['public', 'members'] } } }]);
    expect(rules.decide(asks(ada))).toBe(true);
    expect(rules.decide(asks(ada, 'read', { ...product, archived: true }))).toBe(false);
    expect(rules.decide(asks(ada, 'read', { ...product, visibility: 'owner' }))).toBe(false);
  });

  test('the asking user is compared as a value: an owner whose name is the place itself is nobody', () => {
    const rules = open([{ ...rule, to: 'user', conditions: { owner: '${user}' } }]);
    expect(rules.decide(asks(ada))).toBe(true);
    expect(rules.decide(asks({ ...ada, user: 'u_eve' }))).toBe(false);
    expect(rules.decide(asks(ada, 'read', { ...product, owner: '${user}' }))).toBe(false);
  });

  test.each<[string, Record<string, AttributeValue>]>([
    ['lacks an attribute', { owner: 'u_ada', visibility: 'public', archived: false }],
    ['has one more', { ...product, colour: 'red' }],
    ['has one of another type', { ...product, archived: 'false' }],
    [
      'has one by inheritance only',
      Object.assign(Object.create({ price: 5 }), { owner: 'a', visibility: 'b', archived: true }),
    ],
  ])('a question whose thing %s is a mistake, and no answer', (_what, attributes) => {
    const question = { principal: ada, action: 'read', resource: { kind: 'product', id: '1', attributes } };
    expect(() => open([rule]).decide(question)).toThrow('other attributes');
    const elsewhere = { ...question, resource: { ...question.resource, kind: 'ship' } };
    expect(() => open([rule]).decide(elsewhere)).toThrow('other attributes');
  });
});

test.each([
  ['lacks a kind', {}],
  ['lacks an attribute', { product: { owner: 'string', visibility: 'string', archived: 'boolean' } }],
  ['has one of another type', { product: { ...vocabulary.product, archived: 'string' } }],
  ['has one that this service lacks', { product: { ...vocabulary.product, colour: 'string' } }],
])('a rule set that %s is refused by the service that has it otherwise', (_what, kinds) => {
  expect(() => openPolicyRules({ version: 1, kinds, rules: [] }, vocabulary)).toThrow('kinds.product is not what this');
});

test('kinds of other services are none of this one’s business', () => {
  const kinds = { ...vocabulary, order: { open: 'boolean' } };
  expect(openPolicyRules({ version: 3, kinds, rules: [] }, vocabulary).version).toBe(3);
});

/** What a condition means, said once more: for comparison with what the library decides. */
function holds(
  condition: PolicyCondition,
  thing: Readonly<Record<string, AttributeValue>>,
  user: string | undefined,
): boolean {
  if ('all' in condition) return condition.all.every((part) => holds(part, thing, user));
  if ('any' in condition) return condition.any.some((part) => holds(part, thing, user));
  if ('not' in condition) return !holds(condition.not, thing, user);
  const value = thing[condition.attribute];
  if (value === undefined) throw new Error('an attribute that is not there');
  switch (condition.is) {
    case 'in':
      return condition.values.includes(value);
    case 'eq':
      return value === (typeof condition.value === 'object' ? user : condition.value);
    case 'lt':
      return Number(value) < condition.value;
    case 'lte':
      return Number(value) <= condition.value;
    case 'gt':
      return Number(value) > condition.value;
    case 'gte':
      return Number(value) >= condition.value;
  }
}

const price = fc.integer({ min: 0, max: 4 });
const name = fc.constantFrom('u_ada', 'u_eve', 'x');
const textOperators = fc.oneof(
  name,
  fc.constant('${user}'),
  fc.record({ $eq: name, $ne: fc.oneof(name, fc.constant('${user}')) }, { requiredKeys: ['$ne'] }),
  fc.record({ $in: fc.array(name) }),
  fc.record({ $nin: fc.array(name) }),
);
const numberOperators = fc.oneof(
  price,
  fc.record({ $lt: price, $gte: price }, { requiredKeys: ['$lt'] }),
  fc.record({ $gt: price, $lte: price, $nin: fc.array(price) }, { requiredKeys: ['$gt'] }),
);
const conditions = fc.record(
  { owner: textOperators, archived: fc.boolean(), price: numberOperators },
  { requiredKeys: [], noNullPrototype: true },
);
const rules = fc.array(
  fc.record({
    to: fc.constantFrom('user', 'role:curator', 'role:buyer'),
    action: fc.constantFrom('read', 'change', ['read', 'change']),
    subject: fc.constant('product'),
    conditions,
    inverted: fc.constantFrom(false, false, true),
  }),
  { maxLength: 8 },
);
const things = fc.record({
  owner: name,
  visibility: fc.constantFrom('public', 'owner'),
  archived: fc.boolean(),
  price,
});
const principals = fc.option(
  fc.record({
    user: fc.constantFrom('u_ada', 'u_eve'),
    roles: fc.subarray(['curator', 'buyer', 'other']).map((roles) => new Set(roles)),
  }),
  { nil: undefined },
);

test('the condition for a list holds for exactly the things that would be allowed one by one', () => {
  fc.assert(
    fc.property(rules, fc.array(things, { minLength: 1, maxLength: 8 }), principals, (written, rows, principal) => {
      const opened = open(written);
      for (const action of ['read', 'change']) {
        const condition = opened.which({ principal, action, kind: 'product' });
        const listed = rows.filter((row) => holds(condition, row, principal?.user));
        expect(listed).toEqual(rows.filter((row) => opened.decide(asks(principal, action, row))));
      }
    }),
    { numRuns: 1000 },
  );
});

type Written = Readonly<{
  to: string;
  conditions: object;
  inverted: boolean;
  action: string | string[];
  subject: string;
}>;

/** What CASL itself says, of rules that are written out anew for whoever asks. */
function saidByCasl(
  written: readonly Written[],
  principal: PolicyPrincipal | undefined,
  action: string,
  row: object,
): boolean {
  const user = principal?.user ?? '';
  const own = written.filter(({ to }) => principal && (to === 'user' || principal.roles.has(to.slice(5))));
  const last = own.toSorted((one, other) => Number(one.inverted) - Number(other.inverted));
  const bound = JSON.stringify(last.map((one) => ({ ...one, to: undefined }))).replaceAll(
    '"${user}"',
    JSON.stringify(user),
  );
  const casl = JSON.parse(bound) as RawRuleOf<MongoAbility>[];
  return createMongoAbility(casl).can(action, subject('product', { ...row }));
}

test('every thing is decided as CASL decides it, for everybody who asks the same rules', () => {
  const some = { minLength: 1, maxLength: 4 };
  fc.assert(
    fc.property(rules, fc.array(things, some), fc.array(principals, some), (written, rows, all) => {
      const opened = open(written);
      for (const principal of all)
        for (const action of ['read', 'change'])
          for (const row of rows)
            expect(opened.decide(asks(principal, action, row))).toBe(saidByCasl(written, principal, action, row));
    }),
    { numRuns: 1000 },
  );
});

test('a condition that was made is asked for again without losing the others', () => {
  const roles = Array.from({ length: 10 }, (_, index) => `r${index}`);
  const opened = open(roles.map((role) => ({ ...rule, to: `role:${role}` })));
  const everybody = Array.from({ length: 1000 }, (_, which) => ({
    user: 'u_ada',
    roles: new Set(roles.filter((_role, index) => ((which >> index) & 1) === 1)),
  }));
  const askAll = () => everybody.map((principal) => opened.which({ principal, action: 'read', kind: 'product' }));
  const [first, again] = [askAll(), askAll()];
  expect(again.every((condition, index) => condition === first[index])).toBe(true);
});

test('the order of rules means nothing', () => {
  fc.assert(
    fc.property(rules, things, principals, (written, row, principal) => {
      const answers = [written, written.toReversed(), written.toSorted((one, other) => one.to.localeCompare(other.to))];
      expect(new Set(answers.map((ordered) => open(ordered).decide(asks(principal, 'read', row)))).size).toBe(1);
    }),
  );
});

test('a condition names no user, so everybody of the same roles gets the very same one', () => {
  const opened = open([
    { ...rule, to: 'user', conditions: { owner: '${user}' } },
    { ...rule, to: 'role:curator' },
  ]);
  const of = (user: string, ...roles: string[]) =>
    opened.which({ principal: { user, roles: new Set(roles) }, action: 'read', kind: 'product' });
  expect(of('u_ada')).toBe(of('u_eve', 'unheard-of'));
  expect(of('u_ada', 'curator')).toBe(of('u_eve', 'curator'));
  expect(of('u_ada')).not.toEqual(of('u_ada', 'curator'));
  expect(of('u_ada')).toEqual({ attribute: 'owner', is: 'eq', value: { principal: 'user' } });
});

test('rules are tried as they stand, so what most things are comes first', () => {
  const own = { ...rule, to: 'user', conditions: { owner: '${user}' } };
  const opened = open([{ ...rule, conditions: { visibility: 'public' } }, own]);
  expect(opened.which({ principal: ada, action: 'read', kind: 'product' })).toEqual({
    any: [
      { attribute: 'visibility', is: 'eq', value: 'public' },
      { attribute: 'owner', is: 'eq', value: { principal: 'user' } },
    ],
  });
});
