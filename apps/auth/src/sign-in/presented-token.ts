import { sql, type SQL } from 'drizzle-orm';
import type { RefreshToken } from '../identifiers.ts';
import { sessions } from '../schema.ts';
import type { Session } from './sessions.ts';

export type PresentedToken = Readonly<{
  refreshToken: string;
  /** The client that presents it, where it has said who it is: a token of another client is not taken. */
  clientId?: string | undefined;
  /** RFC 7638 thumbprint of the key that whoever presents it has proven to hold. A token that is bound to another is not taken. */
  keyThumbprint?: string | undefined;
}>;

export type Rotated = Readonly<{ session: Session; refreshToken: RefreshToken }>;

/** Whether the family is of the client, and bound to the key, that the presenter has shown. As a condition on a row of `sessions`. */
export function isPresentersOwn({ clientId, keyThumbprint }: PresentedToken): SQL {
  const key = sql`coalesce(${sessions.keyThumbprint} = ${keyThumbprint ?? null}, ${sessions.keyThumbprint} IS NULL)`;
  return clientId === undefined ? key : sql`(${sessions.clientId} = ${clientId} AND ${key})`;
}
