import { sql, type Placeholder, type SQL } from 'drizzle-orm';
import { accounts, clients, cutOffs, restrictions, sessions } from '../schema.ts';

/**
 * The one definition of a session that is alive, as a condition on a row of `sessions`: not ended, not idle or old
 * beyond its times or those that are ordered, above every cut-off, of an account and a client that are enabled. Refresh and introspection both
 * use it.
 *
 * It stands on the row itself, so that an UPDATE that waited for another one's lock looks again at what that one left.
 */
export function isLive(at: Date | Placeholder): SQL {
  return sql`${sessions.endedAt} IS NULL AND ${sessions.idleExpiresAt} > ${at} AND ${sessions.absoluteExpiresAt} > ${at}
    AND coalesce(${sessions.startedAt} + make_interval(secs => (SELECT ${restrictions.sessionSeconds} FROM ${restrictions})) > ${at}, true)
    AND ${sessions.serial} > greatest(0, ${cutOffOf('subject', sessions.subject)},
      ${cutOffOf('client', sessions.clientId)}, ${cutOffOf('everyone', sql`''`)})
    AND EXISTS (SELECT FROM ${accounts} WHERE ${accounts.subject} = ${sessions.subject} AND ${accounts.enabled})
    AND EXISTS (SELECT FROM ${clients} WHERE ${clients.clientId} = ${sessions.clientId} AND ${clients.enabled})`;
}

function cutOffOf(
  kind: 'subject' | 'client' | 'everyone',
  name: SQL | typeof sessions.subject | typeof sessions.clientId,
): SQL {
  return sql`(SELECT ${cutOffs.upToSerial} FROM ${cutOffs}
    WHERE ${cutOffs.kind} = ${sql.raw(`'${kind}'`)} AND ${cutOffs.name} = ${name})`;
}
