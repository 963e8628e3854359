import * as z from 'zod';

/** Whom a token lets act for its subject. A member that we do not know may name somebody else, so it names nobody. */
const namedActor = z.strictObject({ sub: z.string(), iss: z.string().optional() });

/**
 * Whether a service may be the actor of a token that it wants exchanged (RFC 8693 §4.4): any service that has the right, when the
 * token names nobody; else only the one in `may_act`. A `may_act` that cannot be read lets nobody. Pure.
 */
export function mayAct(named: unknown, actor: Readonly<{ clientId: string; issuer: string }>): boolean {
  if (named === undefined) return true;
  const { data } = namedActor.safeParse(named);
  return data !== undefined && data.sub === actor.clientId && (data.iss ?? actor.issuer) === actor.issuer;
}
