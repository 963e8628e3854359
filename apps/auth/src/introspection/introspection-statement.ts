import { carryingClients } from '../clients/carrying-clients.ts';

/**
 * What the database is asked about many tokens at once, in SQL: it is the one question that every payment waits for, and written in
 * sets it costs PostgreSQL half, and this process a quarter, of what `isLive` costs for row after row (docs/decisions/0036).
 *
 * It says the same as `isLive`, for sessions whose subject and client stand in $3 and $4: `one-definition.test.ts` holds the two
 * against each other. The answer is one row: its fields' names and order are `Found`'s.
 *
 * Sessions are found by the serials in their ids: in a large table numbers lie closer together than texts. Their ids are the caller's to
 * compare, who looks for what was asked about among what is alive.
 *
 * Parameters: $1 serials of sessions, $2 tokens, $3 subjects, $4 clients, $5 now, $6 the audience whose roles are asked for, or $7 the
 * client that serves it.
 */
const statement = (columns: string) => `
WITH cut AS MATERIALIZED (
  SELECT kind, name, up_to_serial FROM cut_offs WHERE kind = 'subject' AND name = ANY($3::text[])
  UNION ALL
  SELECT kind, name, up_to_serial FROM cut_offs WHERE kind = 'client' AND name = ANY($4::text[])
  UNION ALL
  SELECT kind, name, up_to_serial FROM cut_offs WHERE kind = 'everyone' AND name = ''
), disabled AS MATERIALIZED (
  SELECT subject FROM accounts WHERE subject = ANY($3::text[]) AND NOT enabled
)
SELECT
  string_agg(concat_ws(E'\\x1f', sid, subject, client_id, floor(date_part('epoch', auth_time))::int,
    coalesce(floor(date_part('epoch', second_factor_at))::int::text, ''), acr,
    CASE WHEN risk_level <> 'low' AND (
      EXISTS (SELECT FROM totp_factors WHERE totp_factors.subject = sessions.subject AND confirmed_at IS NOT NULL)
      OR EXISTS (SELECT FROM passkeys WHERE passkeys.subject = sessions.subject)
    ) THEN risk_level ELSE 'low' END), E'\\x1f') AS live,
  count(*)::int AS alive,
  ARRAY(SELECT token_id FROM revoked_tokens WHERE token_id = ANY($2::text[])) AS revoked,
  (SELECT json_object_agg(subject, roles -> coalesce($6::text, (SELECT audience FROM clients WHERE client_id = $7::text)))
    FROM accounts WHERE subject = ANY($3::text[]) AND roles <> '{}') AS roles${columns}
FROM sessions
WHERE serial = ANY($1::bigint[])
  AND ended_at IS NULL AND idle_expires_at > $5::timestamptz AND absolute_expires_at > $5::timestamptz
  AND started_at > coalesce($5::timestamptz - make_interval(secs => (SELECT session_seconds FROM restrictions)), '-infinity')
  AND client_id = ANY(ARRAY(SELECT client_id FROM clients WHERE enabled))
  AND NOT EXISTS (SELECT FROM disabled WHERE disabled.subject = sessions.subject)
  AND NOT EXISTS (SELECT FROM cut WHERE up_to_serial >= serial AND CASE kind
    WHEN 'subject' THEN name = sessions.subject WHEN 'client' THEN name = client_id ELSE true END)`;

/** The second also says what the clients $8 may carry people on with. A subquery costs something even where there is nothing to look for. */
export const introspectionStatements = {
  introspect: { name: 'introspect', text: statement('') },
  carry: { name: 'introspect to carry', text: statement(`, (${carryingClients} = ANY($8::text[])) AS carriers`) },
};
