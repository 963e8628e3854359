import type {
  PolicyDecision,
  PolicyList,
  PolicyListQuestion,
  PolicyPrincipal,
  PolicyQuestion,
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
 * A stranger is decided by the newest rules however old they are, everybody else only by rules that may still be believed.
 */
export function requestPolicy(source: PolicySource | undefined): RequestPolicy {
  const decided = new Map<string, Decision>();
  // Most requests ask once: its key is made when there is a second question to hold against it.
  let first: Readonly<{ question: PolicyQuestion; decision: Decision }> | undefined;
  let current: PolicyRules | undefined;
  let latest: PolicyRules | undefined;

  const rulesFor = (principal: PolicyPrincipal | undefined): PolicyRules | undefined => {
    if (principal === undefined) return (latest ??= current ?? source?.latest());
    return (current ??= sameVersion(source?.current(), latest));
  };

  return {
    decide: (question) => {
      const rules = rulesFor(question.principal);
      if (rules === undefined) return unknown;
      if (first === undefined) {
        first = { question: snapshot(question), decision: decisionOf(rules, question) };
        return first.decision;
      }
      if (decided.size === 0) decided.set(questionKey(first.question, first.decision.version), first.decision);
      const key = questionKey(question, rules.version);
      const known = decided.get(key) ?? decisionOf(rules, question);
      decided.set(key, known);
      return known;
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

function decisionOf(rules: PolicyRules, question: PolicyQuestion): Decision {
  return { outcome: rules.decide(question) ? 'allowed' : 'denied', version: rules.version };
}

/** Whoever asked may change the thing before the next question. */
function snapshot({ principal, action, resource: { kind, id, attributes } }: PolicyQuestion): PolicyQuestion {
  return { principal, action, resource: { kind, id, attributes: { ...attributes } } };
}

/**
 * Who, what, which thing and by which rules. The thing's attributes belong to it: a call that changed one asks about another
 * thing than the call before it did.
 */
function questionKey({ principal, action, resource }: PolicyQuestion, version: number): string {
  const { kind, id, attributes } = resource;
  const who = principal && [principal.user, Array.from(principal.roles).toSorted()];
  const what = Object.entries(attributes).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([version, who ?? null, action, kind, id, what]);
}
