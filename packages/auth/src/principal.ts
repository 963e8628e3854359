import type { VerifiedToken } from './token-verifier.ts';

/**
 * What a principal's identity rests on.
 *
 * - `local`: a signature, and a feed that is alive. - `degraded`: the same, with a silent feed, within the tier's bound.
 * - `fresh`: the authority said so after the request arrived. - `fresh+mfa`: and a second factor was recent enough.
 * - `propagated`: a transaction token, carried by an authenticated service.
 */
export type Evidence = 'local' | 'degraded' | 'fresh' | 'fresh+mfa' | 'propagated';

const admitted = Symbol('admitted');

/**
 * A user who passed a gate. Holds no token and no signature, so it may be logged. Only `authorize` makes one: the member
 * `[admitted]` cannot be written elsewhere without a cast.
 */
export type Principal<E extends Evidence = Evidence> = Readonly<{
  [admitted]: E;
  kind: 'user';
  evidence: E;
  /** Names this user among those of all issuers: what a service stores and compares. See `userOf`. */
  user: string;
  issuer: string;
  /** Unique within `issuer` only. */
  subject: string;
  client: string;
  scope: ReadonlySet<string>;
  /**
   * Behind the fresh gate the authority's present ones, elsewhere the token's. A foreign issuer's follow its name and a colon.
   * A transaction token carries none.
   */
  roles: ReadonlySet<string>;
  /** Absent where a foreign issuer names none. */
  session?: string;
  /** Monotonic milliseconds when the check behind this principal began. */
  checkedAtMs: number;
}>;

/** What a transaction token froze (draft-ietf-oauth-transaction-tokens). */
export type Transaction = Readonly<{
  /** `txn`: constant along the whole chain. */
  id: string;
  /** `req_wl`: the workloads that asked, in order. */
  chain: readonly string[];
  /** `tctx`: what is being done, e.g. product, amount, currency. */
  context: Readonly<Record<string, string>>;
}>;

/** A user in whose name an authenticated service calls, with what the transaction froze. Never stronger than `propagated`. */
export type PropagatedPrincipal = Principal<'propagated'> & Readonly<{ transaction: Transaction }>;

/** A service that calls as itself. Never a user: it cannot be given where a `Principal` is asked for. */
export type ServicePrincipal = Readonly<{
  [admitted]: 'service';
  kind: 'service';
  /** Names this service among those of all issuers. */
  service: string;
  issuer: string;
  client: string;
  scope: ReadonlySet<string>;
}>;

/** Whoever a token speaks for, and since when we know. */
export type Caller = Readonly<{
  token: VerifiedToken;
  /** Unique over all issuers, from `userOf`. */
  name: string;
  checkedAtMs: number;
}>;

/**
 * One name for `subject` at the issuer called `issuerName`; the house's own issuer has none. No two subjects share a name:
 * a house subject keeps its own, a foreign one follows its issuer's name and a colon, and a house subject with a colon in it
 * begins with one. Pure.
 */
export function userOf(issuerName: string | undefined, subject: string): string {
  if (issuerName !== undefined) return `${issuerName}:${subject}`;
  return subject.includes(':') ? `:${subject}` : subject;
}

/**
 * The roles that somebody holds here. A foreign issuer's follow its name and a colon, so that it can give nobody a role of the
 * house, nor of another issuer. Pure.
 */
export function rolesOf(issuerName: string | undefined, roles: ReadonlySet<string>): ReadonlySet<string> {
  if (issuerName === undefined) return roles;
  return new Set([...roles].map((role) => `${issuerName}:${role}`));
}

/** For `authorize` alone; not exported from the package. */
export function admitUser<E extends Evidence>(evidence: E, { token, name: user, checkedAtMs }: Caller): Principal<E> {
  const { issuer, subject, client, scope, roles, session } = token;
  const principal: { -readonly [Name in keyof Principal<E>]: Principal<E>[Name] } = {
    [admitted]: evidence,
    kind: 'user',
    evidence,
    user,
    issuer,
    subject,
    client,
    scope,
    roles,
    checkedAtMs,
  };
  // Added to the whole: a part that is there or not, in the middle, takes four times as long.
  if (session !== undefined) principal.session = session;
  return principal;
}

/** For `authorize` alone; not exported from the package. */
export function admitService({ token: { issuer, client, scope }, name: service }: Caller): ServicePrincipal {
  return { [admitted]: 'service', kind: 'service', service, issuer, client, scope };
}
