import type { OnwardAccess } from './onward.ts';
import type { TrustTier } from './trust-tier.ts';

/** What a procedure asks of its caller, as its gate was made. `scopes` is empty for a public read only. */
export type ProcedureAccess = Readonly<{
  tier: TrustTier;
  scopes: readonly string[];
  role?: string;
  from: 'user' | 'service' | 'transaction';
}>;

/** `from`: who calls. A user with a token of their own (the default), a service as itself, or a service carrying a user. */
export type Access<From extends ProcedureAccess['from'] = 'user'> = Readonly<{
  /** Scopes the caller must have, space-separated (RFC 6749 §3.3). */
  scope: string;
  /** A role that the caller must hold besides (RFC 9068 §2.2.3.1). Only people's own tokens carry roles. */
  role?: From extends 'user' ? string : never;
  from?: From;
}>;

/** `scope` and `role` as in `Access`. `mfaWithinSeconds`: greatest age of the second factor, by the authority's clock (RFC 9470 `max_age`). */
export type RegulatedAccess = Readonly<{
  scope: string;
  role?: string;
  mfaWithinSeconds: number;
  /** For a procedure that calls another service in its caller's name. */
  onward?: OnwardAccess;
}>;

/** What a caller must bring besides evidence. */
export type Needs = Omit<ProcedureAccess, 'tier'>;

export type Asked = Readonly<{ scope: string; role?: string | undefined; from?: ProcedureAccess['from'] }>;

export function needsOf({ scope, role, from = 'user' }: Asked): Needs {
  return { scopes: scope.split(' '), from, ...(role !== undefined && { role }) };
}
