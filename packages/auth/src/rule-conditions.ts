import type { AttributeValue } from './policy.ts';
import { inside, membersOf, RuleSetError, shown, type Place } from './rule-set-reading.ts';

export type AttributeType = 'string' | 'number' | 'boolean';

/** The attributes that things of a kind have, by name. */
export type AttributeTypes = ReadonlyMap<string, AttributeType>;

/** True when the value is of the type that was declared for it, if one was. Numbers are whole, so that no two engines differ on one. */
export function hasType(value: unknown, type: AttributeType | undefined): value is AttributeValue {
  return type === 'number' ? Number.isSafeInteger(value) : typeof value === type;
}

/**
 * The operators that rules may use: those that mean the same in JavaScript and in SQL. No `$regex`, whose cost an author
 * could choose; no order of strings, which each engine has its own of.
 */
type Operator = '$eq' | '$ne' | '$in' | '$nin' | '$lt' | '$lte' | '$gt' | '$gte';

/** In a rule, the place of the asking user. Stands for a whole value, never within one. */
export const userPlace = '${user}';

export type Conditions = Readonly<Record<string, Readonly<Partial<Record<Operator, Operand>>>>>;
type Operand = AttributeValue | readonly AttributeValue[];

const maxListed = 100;
const maxTextLength = 256;
const text = /^[^\p{Cc}\p{Cs}]*$/u;

type ConditionsPlace = Readonly<{ at: Place; attributes: AttributeTypes; to: string }>;
type OperandPlace = Readonly<{ at: Place; type: AttributeType; to: string }>;

/** All of them must hold. A bare value is `$eq`. */
export function readConditions(value: unknown, { at, attributes, to }: ConditionsPlace): Conditions {
  const conditions = Object.entries(membersOf(value, { at })).map(([attribute, expected]) => {
    const place = inside(at, attribute);
    const type = attributes.get(attribute);
    if (type === undefined) throw new RuleSetError(place, 'is no attribute of this kind');
    return [attribute, readOperators(expected, { at: place, type, to })] as const;
  });
  return Object.fromEntries(conditions);
}

function readOperators(value: unknown, { at, type, to }: OperandPlace): Conditions[string] {
  if (typeof value !== 'object') return { $eq: readOperand(value, { at, type, to }) };
  const operators = Object.entries(membersOf(value, { at })).map(([operator, operand]) => {
    const place = { at: inside(at, operator), type, to };
    return [operator, (readers.get(operator) ?? refuseOperator)(operand, place)] as const;
  });
  if (operators.length === 0) throw new RuleSetError(at, 'compares with nothing');
  return Object.fromEntries(operators);
}

const readers: ReadonlyMap<string, (value: unknown, place: OperandPlace) => Operand> = new Map<
  Operator,
  (value: unknown, place: OperandPlace) => Operand
>([
  ['$eq', readOperand],
  ['$ne', readOperand],
  ['$in', readList],
  ['$nin', readList],
  ['$lt', readNumber],
  ['$lte', readNumber],
  ['$gt', readNumber],
  ['$gte', readNumber],
]);

function refuseOperator(_value: unknown, { at }: OperandPlace): never {
  throw new RuleSetError(at, 'is no operator that rules may use');
}

function readOperand(value: unknown, { at, type, to }: OperandPlace): AttributeValue {
  if (value !== userPlace) return readValue(value, { at, type });
  if (type !== 'string') throw new RuleSetError(at, `compares a ${type} with a user`);
  if (to === 'anyone') throw new RuleSetError(at, 'names the asking user in a rule that strangers use too');
  return value;
}

function readList(value: unknown, { at, type }: OperandPlace): readonly AttributeValue[] {
  if (!Array.isArray(value) || value.length > maxListed) {
    throw new RuleSetError(at, `is no list of at most ${maxListed} values`);
  }
  return value.map((entry) => readValue(entry, { at, type }));
}

function readNumber(value: unknown, { at, type }: OperandPlace): AttributeValue {
  if (type !== 'number') throw new RuleSetError(at, `asks for an order of a ${type}`);
  return readValue(value, { at, type });
}

function readValue(value: unknown, { at, type }: Pick<OperandPlace, 'at' | 'type'>): AttributeValue {
  if (!hasType(value, type)) throw new RuleSetError(at, `is no ${type === 'number' ? 'whole number' : type}`);
  if (typeof value !== 'string') return value;
  if (value.length > maxTextLength || !text.test(value)) {
    throw new RuleSetError(at, `is no line of at most ${maxTextLength} characters`);
  }
  if (value.includes('${'))
    throw new RuleSetError(at, `has ${shown(value)}: only "${userPlace}" alone stands for something`);
  return value;
}
