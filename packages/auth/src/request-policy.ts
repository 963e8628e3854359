import type { Moment } from './clock.ts';
import type {
  PolicyDecision,
  PolicyList,
  PolicyListQuestion,
  PolicyPrincipal,
  PolicyQuestion,
  PolicyResource,
  PolicyRules,
  PolicySource,
  PolicyUnknown,
} from './policy.ts';

/** What one request asks of the rules. Every answer in a request comes from one version of them. */
export type RequestPolicy = Readonly<{
  /** Asked at most once per request for the same user, action, resource and version, however many calls ask. */
  decide: (question: PolicyQuestion) => PolicyDecision;
  which: (question: PolicyListQuestion) => PolicyList;
}>;

const unknown = { outcome: 'unknown' } as const;

/**
 * The rules for one request, which may be a batch of calls. The version that the first question meets is the request's: a rule
 * set that arrives meanwhile counts from the next request on, so that two calls of a batch never obey different rules.
 *
 * A stranger is decided by the newest rules however old they are, everybody else only by rules that may still be believed, or that could be
 * when the request was `opened`.
 */
export function requestPolicy(source: PolicySource | undefined, opened?: Moment): RequestPolicy {
  // A handful for each request: whoever has many things to ask about asks `which`.
  const asked: Asked[] = [];
  let current: PolicyRules | undefined;
  let latest: PolicyRules | undefined;

  const rulesFor = (principal: PolicyPrincipal | undefined): PolicyRules | undefined => {
    if (principal === undefined) return (latest ??= current ?? source?.latest());
    return (current ??= sameVersion(source?.current(opened), latest));
  };

  return {
    decide: (question) => {
      const rules = rulesFor(question.principal);
      if (rules === undefined) return unknown;
      const known = asked.find((one) => isSame(one, question));
      if (known !== undefined) return known.decision;
      const decision: Decision = { outcome: rules.decide(question) ? 'allowed' : 'denied', version: rules.version };
      asked.push(remembered(question, decision));
      return decision;
    },
    which: (question) => {
      const rules = rulesFor(question.principal);
      if (rules === undefined) return unknown;
      return { outcome: 'known', condition: rules.which(question), version: rules.version };
    },
  };
}

/** What is believed now, in the version that this request has met already. */
function sameVersion(believed: PolicyRules | undefined, met: PolicyRules | undefined): PolicyRules | undefined {
  return believed === undefined ? undefined : (met ?? believed);
}

type Decision = Exclude<PolicyDecision, PolicyUnknown>;

/** Who, what and which thing. By which rules need not be said: a request has one version of them. */
type Asked = Omit<PolicyQuestion, 'resource'> & PolicyResource & Readonly<{ decision: Decision }>;

/** With a copy of the thing's attributes: whoever asked may change it before the next question. */
function remembered({ principal, action, resource }: PolicyQuestion, decision: Decision): Asked {
  const { kind, id, attributes } = resource;
  return { principal, action, kind, id, attributes: { ...attributes }, decision };
}

/** The thing's attributes belong to it: a call that changed one asks about another thing than the call before it did. */
function isSame(one: Asked, { principal, action, resource }: PolicyQuestion): boolean {
  const { kind, id, attributes } = resource;
  const isSameThing = one.id === id && one.kind === kind && one.action === action;
  return isSameThing && isSameUser(one.principal, principal) && hasSameAttributes(one.attributes, attributes);
}

function isSameUser(one: PolicyPrincipal | undefined, other: PolicyPrincipal | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return (
    one.user === other.user &&
    one.roles.size === other.roles.size &&
    Array.from(one.roles).every((role) => other.roles.has(role))
  );
}

function hasSameAttributes(one: PolicyResource['attributes'], other: PolicyResource['attributes']): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
