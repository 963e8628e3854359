import pg from 'pg';

/** A session as a service asks about it, with the refresh token that it began with. */
export type SeededSession = Readonly<{ session: string; subject: string; client: string; refreshToken: string }>;

/**
 * Begins so many sessions with a second factor, each of an account of its own, by the operator's own login: signing that many
 * people in would take hours. Answers the last `known` of them.
 */
export async function seedSessions(
  databaseUrl: string,
  { count, known }: Readonly<{ count: number; known: number }>,
): Promise<readonly SeededSession[]> {
  const client = new pg.Client({ connectionString: databaseUrl, options: '-c search_path=auth' });
  await client.connect();
  try {
    await client.query(base36);
    await client.query(insertAccounts, [count]);
    const { rows } = await client.query<{ session: string; subject: string; client: string }>(insertSessions, [
      count,
      known,
    ]);
    // As the database's own housekeeping would have it after a while.
    await client.query('VACUUM ANALYZE accounts, sessions');
    return rows.map((row) => ({ ...row, refreshToken: refreshTokenOf(row.subject) }));
  } finally {
    await client.end();
  }
}

function refreshTokenOf(subject: string): string {
  return `seeded ${subject}`;
}

const base36 = `
  CREATE FUNCTION pg_temp.base36(number bigint) RETURNS text LANGUAGE plpgsql AS $$
  DECLARE digits text := '';
  BEGIN
    WHILE number > 0 LOOP
      digits := substr('0123456789abcdefghijklmnopqrstuvwxyz', (number % 36)::int + 1, 1) || digits;
      number := number / 36;
    END LOOP;
    RETURN digits;
  END $$`;

const subjectOf = (number: string) => `'u_' || substr(md5(${number}::text), 1, 16)`;

const insertAccounts = `
  INSERT INTO accounts (subject, created_at) SELECT ${subjectOf('number')}, now() FROM generate_series(1, $1) AS number`;

const insertSessions = `
  WITH begun AS (
    INSERT INTO sessions (serial, sid, subject, client_id, refresh_hash, started_at, last_used_at, auth_time, second_factor_at,
      acr, amr, idle_expires_at, absolute_expires_at)
    SELECT serial, pg_temp.base36(serial) || '.' || substr(md5(serial::text), 1, 8), subject, 'web',
      rtrim(translate(encode(sha256(convert_to('seeded ' || subject, 'UTF8')), 'base64'), '+/', '-_'), '='),
      now(), now(), now(), now(), 'aal2', '{pwd,otp,mfa}', now() + interval '1 hour', now() + interval '1 day'
    FROM (SELECT nextval('session_serials') AS serial, ${subjectOf('number')} AS subject, number
      FROM generate_series(1, $1) AS number) AS drawn
    RETURNING serial, sid, subject, client_id
  )
  SELECT sid AS session, subject, client_id AS client FROM begun ORDER BY serial DESC LIMIT $2`;
