import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maxRuleSetLength, readRuleSet } from './policy-rules.ts';

const kinds = { product: { owner: 'string', archived: 'boolean', price: 'number' } };
const rule = { to: 'anyone', action: 'read', subject: 'product' };
const withRule = (changes: object) => ({ version: 1, kinds, rules: [{ ...rule, ...changes }] });
const when = (conditions: unknown, to = 'user') => withRule({ to, conditions });

function problem(value: unknown): string {
  try {
    readRuleSet(value);
    return 'taken';
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'RuleSetError') throw error;
    return error.message.replace('The rule set is refused: ', '');
  }
}

test('a rule set with every operator, and every way to say who, is taken', () => {
  const everything = {
    version: 7,
    kinds: { ...kinds, order: {} },
    rules: [
      rule,
      { ...rule, to: 'user', action: ['read', 'change'], conditions: { owner: '${user}' } },
      { ...rule, to: 'user', conditions: { owner: { $ne: '${user}' }, archived: false } },
      { ...rule, to: 'role:catalog:curator', inverted: true, reason: 'They are on leave.' },
      {
        ...rule,
        conditions: { price: { $gt: 1, $gte: 2, $lt: 9, $lte: 8, $nin: [3] }, owner: { $in: ['u_a', 'u_b'] } },
      },
      { ...rule, subject: 'order', conditions: {} },
    ],
  };
  const { version, rules } = readRuleSet(everything);
  expect([version, rules.length]).toEqual([7, 6]);
  expect(rules[1]).toEqual({
    to: 'user',
    action: ['read', 'change'],
    subject: 'product',
    conditions: { owner: { $eq: '${user}' } },
    inverted: false,
  });
});

const own = (name: string, value: unknown): unknown => JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)}}`);

test.each<[string, unknown, string]>([
  ['nothing', undefined, 'it is no JSON object'],
  ['a list', [], 'it is no JSON object'],
  ['an unknown member', { ...withRule({}), extends: 1 }, 'extends is not known'],
  ['no version', { kinds, rules: [] }, 'version is not a whole number'],
  ['version 0', { ...withRule({}), version: 0 }, 'version is not a whole number'],
  ['version 1.5', { ...withRule({}), version: 1.5 }, 'version is not a whole number'],
  ['version "1"', { ...withRule({}), version: '1' }, 'version is not a whole number'],
  ['a version beyond 32 bits', { ...withRule({}), version: 2 ** 31 }, 'version is not a whole number'],
  ['rules that are no list', { version: 1, kinds, rules: {} }, 'rules is no list'],
  ['257 rules', { version: 1, kinds, rules: Array.from({ length: 257 }, () => rule) }, 'rules has more than 256'],
  ['a rule that is null', { version: 1, kinds, rules: [null] }, 'rules[0] is no JSON object'],
  ['fields', withRule({ fields: ['price'] }), 'rules[0].fields is not known'],
  ['nobody in particular', withRule({ to: undefined }), 'rules[0].to is neither'],
  ['everybody by another word', withRule({ to: 'all' }), 'rules[0].to is neither'],
  ['a role without a name', withRule({ to: 'role:' }), 'rules[0].to is neither'],
  ['two roles in one', withRule({ to: 'role:a b' }), 'rules[0].to is neither'],
  ['an undeclared kind', withRule({ subject: 'order' }), 'rules[0].subject is not one of the kinds'],
  ["CASL's word for every kind", withRule({ subject: 'all' }), 'rules[0].subject is not one of the kinds'],
  ['a wildcard kind', withRule({ subject: '*' }), 'rules[0].subject is not one of the kinds'],
  ['several kinds', withRule({ subject: ['product'] }), 'rules[0].subject is not one of the kinds'],
  ['a wildcard action', withRule({ action: '*' }), 'rules[0].action has "*", which is no name'],
  ['no action', withRule({ action: [] }), 'rules[0].action names no action'],
  ['17 actions', withRule({ action: Array.from({ length: 17 }, () => 'read') }), 'rules[0].action has more than 16'],
  ['an action that every object has', withRule({ action: 'constructor' }), 'rules[0].action has constructor'],
  ['inverted by text', withRule({ inverted: 'no' }), 'rules[0].inverted is neither true nor false'],
  ['a reason that is a book', withRule({ reason: 'r'.repeat(201) }), 'rules[0].reason is no text of at most 200'],
  ['a kind called __proto__', { version: 1, kinds: own('__proto__', {}), rules: [] }, 'kinds has __proto__'],
  ['a kind called toString', { version: 1, kinds: own('toString', {}), rules: [] }, 'kinds has toString'],
  [
    'an attribute called hasOwnProperty',
    { version: 1, kinds: { product: own('hasOwnProperty', 'string') }, rules: [] },
    'kinds.product has hasOwnProperty',
  ],
  [
    'an attribute of no type',
    { version: 1, kinds: { product: { owner: 'text' } }, rules: [] },
    'kinds.product.owner is',
  ],
  ['33 kinds', { version: 1, kinds: many(33, {}), rules: [] }, 'kinds are more than 32'],
  [
    '33 attributes',
    { version: 1, kinds: { product: many(33, 'string') }, rules: [] },
    'kinds.product has more than 32',
  ],
  ['a mistyped attribute', when({ visiblity: 'public' }), 'rules[0].conditions.visiblity is no attribute of this kind'],
  ['a path', when({ 'owner.length': 5 }), 'rules[0].conditions."owner.length" is no attribute'],
  ['__proto__ as an attribute', when(own('__proto__', 1)), 'rules[0].conditions.__proto__ is no attribute'],
  ['a condition at the top', when({ $or: [] }), 'rules[0].conditions.$or is no attribute'],
  ['code', when({ $where: 'true' }), 'rules[0].conditions.$where is no attribute'],
  ['a regular expression', when({ owner: { $regex: '^(a+)+$' } }), 'rules[0].conditions.owner.$regex is no operator'],
  ['an element match', when({ owner: { $elemMatch: {} } }), 'owner.$elemMatch is no operator'],
  ['a size', when({ owner: { $size: 1 } }), 'owner.$size is no operator'],
  ['existence', when({ owner: { $exists: false } }), 'owner.$exists is no operator'],
  ['a negation', when({ owner: { $not: { $eq: 'a' } } }), 'owner.$not is no operator'],
  ['an inherited operator', when({ owner: own('__proto__', 1) }), 'owner.__proto__ is no operator'],
  ['no operator', when({ owner: {} }), 'rules[0].conditions.owner compares with nothing'],
  ['null', when({ owner: null }), 'rules[0].conditions.owner is no JSON object'],
  ['a number for a string', when({ owner: 5 }), 'rules[0].conditions.owner is no string'],
  ['a string for a boolean', when({ archived: 'false' }), 'rules[0].conditions.archived is no boolean'],
  ['a fraction', when({ price: 1.5 }), 'rules[0].conditions.price is no whole number'],
  ['a number that JSON cannot hold', when({ price: 2 ** 53 }), 'rules[0].conditions.price is no whole number'],
  ['an order of strings', when({ owner: { $lt: 'm' } }), 'owner.$lt asks for an order of a string'],
  ['a list in place of a value', when({ owner: ['a'] }), 'rules[0].conditions.owner is no JSON object'],
  ['a value in place of a list', when({ owner: { $in: 'a' } }), 'owner.$in is no list of at most 100'],
  [
    '101 values',
    when({ owner: { $in: Array.from({ length: 101 }, () => 'a') } }),
    'owner.$in is no list of at most 100',
  ],
  ['a value of another type in a list', when({ owner: { $in: ['a', 1] } }), 'owner.$in is no string'],
  ['a long text', when({ owner: 'o'.repeat(257) }), 'owner is no line of at most 256'],
  ['a control character', when({ owner: 'a\u0000' }), 'owner is no line of at most 256'],
  ['half a character', when({ owner: 'a\ud800' }), 'owner is no line of at most 256'],
  [
    'the user among strangers',
    when({ owner: '${user}' }, 'anyone'),
    'owner names the asking user in a rule that strangers',
  ],
  ['the user as a flag', when({ archived: '${user}' }), 'archived compares a boolean with a user'],
  ['the user within a text', when({ owner: 'team-${user}' }), 'owner has "team-${user}": only'],
  ['another place', when({ owner: '${client}' }), 'owner has "${client}": only'],
  ['the user in a list', when({ owner: { $in: ['${user}'] } }), 'owner.$in has'],
])('a rule set with %s is refused, and the refusal says where', (_what, value, expected) => {
  expect(problem(value)).toContain(expected);
});

function many(count: number, value: unknown): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, value]));
}

test('a rule set over 64 Ki characters is refused, one of them is taken', () => {
  const lists = Array.from({ length: 256 }, () => ({ ...rule, conditions: { owner: { $in: ['o'.repeat(200)] } } }));
  const fitting = { version: 1, kinds, rules: lists.slice(0, 200) };
  expect(JSON.stringify(fitting).length).toBeLessThan(maxRuleSetLength);
  expect(problem(fitting)).toBe('taken');
  expect(problem({ version: 1, kinds, rules: lists })).toBe('it has more than 65536 characters.');
});

test('whatever JSON comes, it is taken or refused by name; nothing else is thrown, and no prototype changes', () => {
  const nearly = fc.record(
    { version: fc.constant(1), kinds: fc.constant(kinds), rules: fc.array(fc.jsonValue()) },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue(),
        nearly,
        fc.jsonValue().map(when),
        fc.jsonValue().map((to) => withRule({ to })),
      ),
      (value) => {
        expect(problem(value)).not.toBe('');
      },
    ),
    { numRuns: 500 },
  );
  expect(Object.keys(Object.prototype)).toEqual([]);
});

test('nesting that would exhaust the stack is refused', () => {
  const deep: unknown = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`);
  expect(problem(when({ owner: deep }))).toContain('is no JSON object');
});
