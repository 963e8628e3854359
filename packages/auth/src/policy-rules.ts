import { createMongoAbility, subject, type MongoAbility, type RawRuleOf } from '@casl/ability';
import { rulesToAST } from '@casl/ability/extra';
import { conditionOf, nothing, theUser } from './policy-condition.ts';
import { readRuleSet, type PolicyRule, type RuleSet } from './policy-rule-set.ts';
import type { PolicyCondition, PolicyListQuestion, PolicyPrincipal, PolicyQuestion, PolicyRules } from './policy.ts';
import { hasType, userPlace, type AttributeType } from './rule-conditions.ts';
import { RuleSetError } from './rule-set-reading.ts';

export { maxRuleSetLength, readRuleSet, type PolicyRule, type RuleSet } from './policy-rule-set.ts';
export { RuleSetError } from './rule-set-reading.ts';

/** The attributes that a service gives of each kind it has, by kind. Kinds that it does not name are other services'. */
export type PolicyVocabulary = Readonly<Record<string, Readonly<Record<string, AttributeType>>>>;

/**
 * Reads a rule set and makes it answer, with @casl/ability: what no rule allows is denied, and a rule that forbids wins over
 * all that allow, in whatever order they stand.
 * @throws RuleSetError for a rule set that is not one, or that declares a kind of this service otherwise than the service has
 * it: a rule about an attribute that is never there would quietly not hold
 */
export function openPolicyRules(value: unknown, vocabulary: PolicyVocabulary): PolicyRules {
  const ruleSet = readRuleSet(value);
  for (const [kind, attributes] of Object.entries(vocabulary)) assertSameKind(ruleSet, kind, attributes);
  const rolesNamed = new Set(ruleSet.rules.map(({ to }) => to).filter((to) => to !== 'anyone' && to !== 'user'));
  const lists = new Map<string, PolicyCondition>();

  return {
    version: ruleSet.version,
    decide: (question) => {
      assertAttributes(ruleSet, question.resource);
      const { principal, action, resource } = question;
      const ability = abilityOf(ruleSet, principal, principal?.user);
      const copy: Record<PropertyKey, unknown> = { ...resource.attributes };
      return ability.can(action, subject(resource.kind, copy));
    },
    which: ({ principal, action, kind }) => {
      const groups = principal && ['user', ...[...rolesNamed].filter((to) => holds(principal, to)).toSorted()];
      const key = JSON.stringify([action, kind, groups]);
      const known = lists.get(key) ?? conditionFor(ruleSet, { principal, action, kind });
      // Roles may come in many combinations; the newest are kept.
      if (lists.size >= maxLists) lists.clear();
      lists.set(key, known);
      return known;
    },
  };
}

const maxLists = 1000;

type Ability = MongoAbility<[string, string | Record<PropertyKey, unknown>]>;

// Neither can be written in a rule set: no rule is for every action, or for every kind.
const options = { anyAction: '*', anySubjectType: '*' };

/** The rules that this principal has, in CASL's order: the last that matches decides, so those that forbid come last. */
function abilityOf({ rules }: RuleSet, principal: PolicyPrincipal | undefined, user: unknown): Ability {
  const own = rules.filter(({ to }) => holds(principal, to));
  const ordered = [...own.filter(({ inverted }) => !inverted), ...own.filter(({ inverted }) => inverted)];
  return createMongoAbility<Ability>(
    ordered.map((rule) => rawRule(rule, user)),
    options,
  );
}

function holds(principal: PolicyPrincipal | undefined, to: PolicyRule['to']): boolean {
  if (to === 'anyone') return true;
  if (principal === undefined) return false;
  return to === 'user' || principal.roles.has(to.slice('role:'.length));
}

function rawRule({ action, subject: kind, conditions, inverted }: PolicyRule, user: unknown): RawRuleOf<Ability> {
  const always = { action: [...action], subject: kind, inverted };
  const attributes = Object.entries(conditions);
  if (attributes.length === 0) return always;
  const bound: Record<string, Record<string, unknown>> = {};
  for (const [attribute, operators] of attributes) {
    const operands = Object.entries(operators).map(
      ([name, value]) => [name, value === userPlace ? user : value] as const,
    );
    bound[attribute] = Object.fromEntries(operands);
  }
  return { ...always, conditions: bound };
}

/** The rules that apply to all things of the kind, as one condition that names no one's id. */
function conditionFor(ruleSet: RuleSet, { principal, action, kind }: PolicyListQuestion): PolicyCondition {
  const ability = abilityOf(ruleSet, principal, theUser);
  const ast = rulesToAST(ability, action, kind);
  return ast === null ? nothing : conditionOf(ast);
}

function assertSameKind({ kinds }: RuleSet, kind: string, attributes: PolicyVocabulary[string]): void {
  const declared = kinds.get(kind);
  const expected = Object.entries(attributes);
  if (declared?.size !== expected.length || expected.some(([name, type]) => declared.get(name) !== type)) {
    throw new RuleSetError(`kinds.${kind}`, `is not what this service has: ${JSON.stringify(attributes)}`);
  }
}

function assertAttributes({ kinds }: RuleSet, { kind, attributes }: PolicyQuestion['resource']): void {
  const declared = kinds.get(kind);
  const given = Object.entries(attributes);
  const isComplete =
    declared !== undefined &&
    given.length === declared.size &&
    given.every(([name, value]) => hasType(value, declared.get(name) ?? 'boolean') && declared.has(name));
  if (!isComplete) throw new Error(`A question about ${kind} has other attributes than its kind.`);
}
