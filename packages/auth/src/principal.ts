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
  issuer: string;
  /** Unique within `issuer`; use both to name a user across issuers. */
  subject: string;
  client: string;
  scope: ReadonlySet<string>;
  session: string;
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

export type PropagatedPrincipal = Principal<'propagated'> & Readonly<{ transaction: Transaction }>;

/** A service that calls as itself. Never a user: it cannot be given where a `Principal` is asked for. */
export type ServicePrincipal = Readonly<{
  [admitted]: 'service';
  kind: 'service';
  issuer: string;
  client: string;
  scope: ReadonlySet<string>;
}>;

/** For `authorize` alone; not exported from the package. */
export function admitUser<E extends Evidence>(
  evidence: E,
  token: VerifiedToken & { session: string },
  checkedAtMs: number,
): Principal<E> {
  const { issuer, subject, client, scope, session } = token;
  return { [admitted]: evidence, kind: 'user', evidence, issuer, subject, client, scope, session, checkedAtMs };
}

/** For `authorize` alone; not exported from the package. */
export function admitService(token: VerifiedToken): ServicePrincipal {
  return { [admitted]: 'service', kind: 'service', issuer: token.issuer, client: token.client, scope: token.scope };
}
