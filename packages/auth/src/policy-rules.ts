import { createMongoAbility, type MongoAbility, type RawRuleOf } from '@casl/ability';
import { rulesToAST } from '@casl/ability/extra';
import { conditionHolds, conditionOf, nothing, theUser } from './policy-condition.ts';
import { readRuleSet, type PolicyRule, type RuleSet } from './policy-rule-set.ts';
import type { PolicyCondition, PolicyListQuestion, PolicyPrincipal, PolicyResource, PolicyRules } from './policy.ts';
import { hasType, userPlace, type AttributeType } from './rule-conditions.ts';
import { RuleSetError } from './rule-set-reading.ts';

export { maxRuleSetLength, readRuleSet, type PolicyRule, type RuleSet } from './policy-rule-set.ts';
export { RuleSetError } from './rule-set-reading.ts';

/** The attributes that a service gives of each kind it has, by kind. Kinds that it does not name are other services'. */
export type PolicyVocabulary = Readonly<Record<string, Readonly<Record<string, AttributeType>>>>;

/**
 * Reads a rule set and makes it answer, with @casl/ability: what no rule allows is denied, and a rule that forbids wins over
 * all that allow, in whatever order they stand.
 *
 * CASL makes one condition of the rules that somebody has, once for everybody of the same roles. A list is all things that it
 * means, and one thing is allowed when it is among them: the two cannot differ.
 * @throws RuleSetError for a rule set that is not one, or that declares a kind of this service otherwise than the service has
 * it: a rule about an attribute that is never there would quietly not hold
 */
export function openPolicyRules(value: unknown, vocabulary: PolicyVocabulary): PolicyRules {
  const ruleSet = readRuleSet(value);
  for (const [kind, attributes] of Object.entries(vocabulary)) assertSameKind(ruleSet, kind, attributes);
  const which = preparedConditions(ruleSet);
  return {
    version: ruleSet.version,
    decide: ({ principal, action, resource }) => {
      assertAttributes(ruleSet, resource);
      const condition = which({ principal, action, kind: resource.kind });
      return conditionHolds(condition, resource.attributes, principal?.user);
    },
    which,
  };
}

const maxPrepared = 1000;

function preparedConditions(ruleSet: RuleSet): PolicyRules['which'] {
  const rolesNamed = [...new Set(ruleSet.rules.map(({ to }) => to))].flatMap((to) => roleIn(to) ?? []).toSorted();
  // By who asks, then by action, then by kind: one key of all three would be a new text for each question.
  const prepared = new Map<string, Map<string, Map<string, PolicyCondition>>>();
  let count = 0;
  return (question) => {
    const who = whoAsks(question.principal, rolesNamed);
    const known = prepared.get(who)?.get(question.action)?.get(question.kind);
    if (known !== undefined) return known;
    // Roles may come in many combinations; the newest are kept.
    if (count >= maxPrepared) {
      prepared.clear();
      count = 0;
    }
    count += 1;
    const made = conditionFor(ruleSet, question);
    within(within(prepared, who), question.action).set(question.kind, made);
    return made;
  };
}

/** The same for all who have the same of the roles that rules name. No name in a rule set has a space in it. */
function whoAsks(principal: PolicyPrincipal | undefined, rolesNamed: readonly string[]): string {
  if (principal === undefined) return 'anyone';
  const { roles } = principal;
  let who = 'user';
  if (roles.size > 0) for (const role of rolesNamed) if (roles.has(role)) who += ` ${role}`;
  return who;
}

function within<Value>(map: Map<string, Map<string, Value>>, key: string): Map<string, Value> {
  const found = map.get(key) ?? new Map<string, Value>();
  map.set(key, found);
  return found;
}

/** The rules that apply to all things of the kind, as one condition that names no one's id. */
function conditionFor({ rules }: RuleSet, { principal, action, kind }: PolicyListQuestion): PolicyCondition {
  const own = rules.filter(({ to }) => isFor(principal, to));
  // The last that matches decides, so those that forbid come last; and the last is tried first, so the others stand in reverse.
  const ordered = [...own.filter(({ inverted }) => !inverted).toReversed(), ...own.filter(({ inverted }) => inverted)];
  const ast = rulesToAST(createMongoAbility<Ability>(ordered.map(rawRule), options), action, kind);
  return ast === null ? nothing : conditionOf(ast);
}

type Ability = MongoAbility<[string, string]>;

// Neither can be written in a rule set: no rule is for every action, or for every kind.
const options = { anyAction: '*', anySubjectType: '*' };

function isFor(principal: PolicyPrincipal | undefined, to: PolicyRule['to']): boolean {
  if (to === 'anyone') return true;
  if (principal === undefined) return false;
  const role = roleIn(to);
  return role === undefined || principal.roles.has(role);
}

function roleIn(to: PolicyRule['to']): string | undefined {
  return to === 'anyone' || to === 'user' ? undefined : to.slice('role:'.length);
}

function rawRule({ action, subject, conditions, inverted }: PolicyRule): RawRuleOf<Ability> {
  const always = { action: [...action], subject, inverted };
  const attributes = Object.entries(conditions);
  if (attributes.length === 0) return always;
  const bound: Record<string, Record<string, unknown>> = {};
  for (const [attribute, operators] of attributes) {
    const operands = Object.entries(operators).map(
      ([name, value]) => [name, value === userPlace ? theUser : value] as const,
    );
    bound[attribute] = Object.fromEntries(operands);
  }
  return { ...always, conditions: bound };
}

function assertSameKind({ kinds }: RuleSet, kind: string, attributes: PolicyVocabulary[string]): void {
  const declared = kinds.get(kind);
  const expected = Object.entries(attributes);
  if (declared?.size !== expected.length || expected.some(([name, type]) => declared.get(name) !== type)) {
    throw new RuleSetError(`kinds.${kind}`, `is not what this service has: ${JSON.stringify(attributes)}`);
  }
}

function assertAttributes({ kinds }: RuleSet, { kind, attributes }: PolicyResource): void {
  const declared = kinds.get(kind);
  const names = Object.keys(attributes);
  const isComplete =
    declared !== undefined &&
    names.length === declared.size &&
    names.every((name) => hasType(attributes[name], declared.get(name)));
  if (!isComplete) throw new Error(`A question about ${kind} has other attributes than its kind.`);
}
