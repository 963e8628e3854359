import type { AttributeValue, PolicyCondition, PolicyResource, TheUser } from './policy.ts';

export const theUser: TheUser = { principal: 'user' };
export const nothing: PolicyCondition = { any: [] };

/** What CASL makes of rules (`@ucast/core`): an operator, its value, and a field when it compares one. */
type Ast = Readonly<{ operator: string; value: unknown; field?: unknown }>;

/** Puts CASL's syntax tree into the port's own words. Throws at what `readConditions` lets nobody write. */
export function conditionOf(ast: Ast): PolicyCondition {
  const { operator, value, field } = ast;
  if (typeof field === 'string') return comparisonOf(operator, field, value);
  if (operator === 'and') return { all: partsOf(value) };
  if (operator === 'or') return { any: partsOf(value) };
  if (operator === 'not') return { not: { all: partsOf(value) } };
  return refuse(operator);
}

function partsOf(value: unknown): PolicyCondition[] {
  return Array.isArray(value)
    ? value.map((part: unknown) => (isAst(part) ? conditionOf(part) : refuse('part')))
    : refuse('list');
}

function comparisonOf(operator: string, attribute: string, value: unknown): PolicyCondition {
  switch (operator) {
    case 'eq':
      if (value === theUser) return { attribute, is: 'eq', value: theUser };
      return { attribute, is: 'eq', value: isValue(value) ? value : refuse(operator) };
    case 'ne':
      return { not: comparisonOf('eq', attribute, value) };
    case 'in':
    case 'within':
      return { attribute, is: 'in', values: Array.isArray(value) && value.every(isValue) ? value : refuse(operator) };
    case 'nin':
      return { not: comparisonOf('in', attribute, value) };
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return { attribute, is: operator, value: typeof value === 'number' ? value : refuse(operator) };
    default:
      return refuse(operator);
  }
}

type Thing = PolicyResource['attributes'];

/** Whether a condition holds for one thing, of which every attribute is there. `user` is the one who asks. Pure. */
export function conditionHolds(condition: PolicyCondition, thing: Thing, user: string | undefined): boolean {
  if ('attribute' in condition) return comparisonHolds(condition, thing, user);
  if ('not' in condition) return !conditionHolds(condition.not, thing, user);
  // Loops: with a function for each list, they are most of what a decision leaves behind.
  if ('all' in condition) {
    for (const part of condition.all) if (!conditionHolds(part, thing, user)) return false;
    return true;
  }
  for (const part of condition.any) if (conditionHolds(part, thing, user)) return true;
  return false;
}

type Comparison = Extract<PolicyCondition, { attribute: string }>;

function comparisonHolds(comparison: Comparison, thing: Thing, user: string | undefined): boolean {
  const value = thing[comparison.attribute];
  if (value === undefined) throw new Error(`A rule asks about ${comparison.attribute}, which is not there.`);
  switch (comparison.is) {
    case 'eq':
      return value === (comparison.value === theUser ? user : comparison.value);
    case 'in':
      return comparison.values.includes(value);
    case 'lt':
      return Number(value) < comparison.value;
    case 'lte':
      return Number(value) <= comparison.value;
    case 'gt':
      return Number(value) > comparison.value;
    case 'gte':
      return Number(value) >= comparison.value;
  }
}

function isAst(value: unknown): value is Ast {
  return typeof value === 'object' && value !== null && 'operator' in value && 'value' in value;
}

function isValue(value: unknown): value is AttributeValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function refuse(what: string): never {
  throw new Error(`A rule became a condition that nobody can write: ${what}.`);
}
