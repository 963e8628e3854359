import { isRole } from './claims.ts';
import { readConditions, type AttributeType, type AttributeTypes, type Conditions } from './rule-conditions.ts';
import { inside, membersOf, nameOf, RuleSetError, type Place } from './rule-set-reading.ts';

/**
 * A rule of @casl/ability (https://casl.js.org/v6/en/guide/intro), less what is not allowed here, and with `to`: anyone at
 * all, anyone who is a user, or whoever holds a role.
 */
export type PolicyRule = Readonly<{
  to: 'anyone' | 'user' | `role:${string}`;
  action: readonly string[];
  /** The kind of thing. "Subject" is CASL's word; a person is never meant by it. */
  subject: string;
  conditions: Conditions;
  /** It forbids. */
  inverted: boolean;
}>;

/** A rule set as the authority publishes it, read strictly: its version, and who may do what to which kind of thing. */
export type RuleSet = Readonly<{
  version: number;
  kinds: ReadonlyMap<string, AttributeTypes>;
  rules: readonly PolicyRule[];
}>;

const maxVersion = 2 ** 31 - 1;
const maxKinds = 32;
const maxAttributes = 32;
const maxRules = 256;
const maxActions = 16;
const maxReasonLength = 200;

/** Characters of JSON. */
export const maxRuleSetLength = 64 * 1024;

/**
 * Reads a rule set strictly: known members only, everything bounded, every name declared in `kinds`, every value of the
 * declared type, and no operator beyond those of `rule-conditions.ts`. It is taken whole or not at all.
 *
 * Not checked: whether a service has the kinds and attributes that it declares (`openPolicyRules` is told), nor whether
 * the rules say what their author meant.
 * @throws RuleSetError that names the place, e.g. `rules[3].conditions.visiblity: …`
 */
export function readRuleSet(value: unknown): RuleSet {
  const top = membersOf(value, { at: '', known: ['version', 'kinds', 'rules'] });
  const version = top['version'];
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1 || version > maxVersion) {
    throw new RuleSetError('version', `is not a whole number from 1 to ${maxVersion}`);
  }
  const kinds = readKinds(top['kinds']);
  const rules = listOf(top['rules'], { at: 'rules', atMost: maxRules }).map((rule, index) =>
    readRule(rule, { at: `rules[${index}]`, kinds }),
  );
  // What is read is shallow by now, so writing it out again is safe.
  if (JSON.stringify(value).length > maxRuleSetLength) {
    throw new RuleSetError('', `it has more than ${maxRuleSetLength} characters`);
  }
  return { version, kinds, rules };
}

function readKinds(value: unknown): ReadonlyMap<string, AttributeTypes> {
  const kinds = Object.entries(membersOf(value, { at: 'kinds' }));
  if (kinds.length > maxKinds) throw new RuleSetError('kinds', `are more than ${maxKinds}`);
  return new Map(
    kinds.map(([kind, attributes]) => [nameOf(kind, 'kinds'), readAttributes(attributes, `kinds.${kind}`)]),
  );
}

function readAttributes(value: unknown, at: Place): AttributeTypes {
  const attributes = Object.entries(membersOf(value, { at }));
  if (attributes.length > maxAttributes) throw new RuleSetError(at, `has more than ${maxAttributes} attributes`);
  return new Map(attributes.map(([name, type]) => [nameOf(name, at), readType(type, inside(at, name))]));
}

function readType(value: unknown, at: Place): AttributeType {
  if (value === 'string' || value === 'number' || value === 'boolean') return value;
  throw new RuleSetError(at, 'is neither "string", "number" nor "boolean"');
}

type RulePlace = Readonly<{ at: Place; kinds: RuleSet['kinds'] }>;

function readRule(value: unknown, { at, kinds }: RulePlace): PolicyRule {
  const known = ['to', 'action', 'subject', 'conditions', 'inverted', 'reason'];
  const rule = membersOf(value, { at, known });
  const { subject, inverted = false, reason = '' } = rule;
  const attributes = typeof subject === 'string' ? kinds.get(subject) : undefined;
  if (typeof subject !== 'string' || attributes === undefined) {
    throw new RuleSetError(inside(at, 'subject'), 'is not one of the kinds');
  }
  if (typeof inverted !== 'boolean') throw new RuleSetError(inside(at, 'inverted'), 'is neither true nor false');
  if (typeof reason !== 'string' || reason.length > maxReasonLength) {
    throw new RuleSetError(inside(at, 'reason'), `is no text of at most ${maxReasonLength} characters`);
  }
  const to = readTo(rule['to'], inside(at, 'to'));
  const conditions = readConditions(rule['conditions'] ?? {}, { at: inside(at, 'conditions'), attributes, to });
  return { to, action: readActions(rule['action'], inside(at, 'action')), subject, conditions, inverted };
}

function readTo(value: unknown, at: Place): PolicyRule['to'] {
  if (value === 'anyone' || value === 'user') return value;
  if (typeof value === 'string' && value.startsWith('role:')) {
    const role = value.slice('role:'.length);
    if (isRole(role)) return `role:${role}`;
  }
  throw new RuleSetError(at, 'is neither "anyone", "user" nor "role:" with the name of a role');
}

function readActions(value: unknown, at: Place): readonly string[] {
  const actions = typeof value === 'string' ? [value] : listOf(value, { at, atMost: maxActions });
  if (actions.length === 0) throw new RuleSetError(at, 'names no action');
  return actions.map((action) => nameOf(action, at));
}

function listOf(value: unknown, { at, atMost }: Readonly<{ at: Place; atMost: number }>): readonly unknown[] {
  if (!Array.isArray(value)) throw new RuleSetError(at, 'is no list');
  if (value.length > atMost) throw new RuleSetError(at, `has more than ${atMost} entries`);
  return value;
}
