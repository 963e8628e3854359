/**
 * The port to resource rules: may this caller do this to that thing? Types only: the rules themselves are a rule set that the
 * authority publishes, and a library reads them behind `./policy`. Scopes, roles per procedure, evidence and revocation are
 * not asked here; the gates have decided them before a handler runs.
 */

import type { Moment } from './clock.ts';

/** Who asks, as the gates admitted them. `undefined` in a question is a stranger: nobody in particular. */
export type PolicyPrincipal = Readonly<{
  /** Unique over issuers; what a service stores as an owner. */
  user: string;
  /** The roles that count at this service. */
  roles: ReadonlySet<string>;
}>;

/** Never missing and never null: what may be absent is said by a boolean of its own, so that "not equal" has one meaning. */
export type AttributeValue = string | number | boolean;

/** One thing, with every attribute that its kind has in the rule set. */
export type PolicyResource = Readonly<{
  kind: string;
  id: string;
  attributes: Readonly<Record<string, AttributeValue>>;
}>;

/** May this caller do this to that one thing? `undefined`: nobody in particular. */
export type PolicyQuestion = Readonly<{
  principal: PolicyPrincipal | undefined;
  action: string;
  resource: PolicyResource;
}>;

/** Asks about all things of a kind at once. */
export type PolicyListQuestion = Readonly<{ principal: PolicyPrincipal | undefined; action: string; kind: string }>;

/**
 * Which things of a kind: a service turns it into its own WHERE, so a list is decided once, whole, before it is read. `all` of
 * nothing is every thing, `any` of nothing is none. It names the asking user by reference, so the condition, and a statement
 * that was prepared from it, is the same for everybody who has the same roles.
 */
export type PolicyCondition =
  | Readonly<{ all: readonly PolicyCondition[] }>
  | Readonly<{ any: readonly PolicyCondition[] }>
  | Readonly<{ not: PolicyCondition }>
  | Readonly<{ attribute: string; is: 'eq'; value: AttributeValue | TheUser }>
  | Readonly<{ attribute: string; is: 'lt' | 'lte' | 'gt' | 'gte'; value: number }>
  | Readonly<{ attribute: string; is: 'in'; values: readonly AttributeValue[] }>;

/** In a condition, the place of the asking user (`PolicyPrincipal.user`). Never in one that was made for a stranger. */
export type TheUser = Readonly<{ principal: 'user' }>;

/** One version of the rules. Pure: no clock, no I/O. What no rule allows is denied, and a rule that forbids always wins. */
export type PolicyRules = Readonly<{
  version: number;
  /** @throws for a resource whose attributes are not those of its kind: that is the service's mistake, and no answer */
  decide: (question: PolicyQuestion) => boolean;
  /** The same condition object each time, for as long as these rules live and the roles that the rules name are the same. */
  which: (question: PolicyListQuestion) => PolicyCondition;
}>;

/** What is known when there are no rules that may be believed: not a "no", and never a "yes". */
export type PolicyUnknown = Readonly<{ outcome: 'unknown' }>;

/** What the rules say about one thing, and by which version; or that there are none to go by. */
export type PolicyDecision = Readonly<{ outcome: 'allowed' | 'denied'; version: number }> | PolicyUnknown;

/** Which things of a kind the rules allow, and by which version; or that there are none to go by. */
export type PolicyList = Readonly<{ outcome: 'known'; condition: PolicyCondition; version: number }> | PolicyUnknown;

/** Where a request gets its rules from. */
export type PolicySource = Readonly<{
  /** The newest rules, if they may be believed: now, or at a `moment` of the source's own clock. */
  current: (moment?: Moment) => PolicyRules | undefined;
  /** The newest rules, however old: for strangers, of whom `publicRead` promises nothing about age. */
  latest: () => PolicyRules | undefined;
}>;
