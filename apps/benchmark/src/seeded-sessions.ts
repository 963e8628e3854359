import pg from 'pg';

/** A session as a service asks about it, with its serial and the refresh token that it began with. */
export type SeededSession = Readonly<{
  serial: number;
  session: string;
  subject: string;
  client: string;
  refreshToken: string;
}>;

/**
 * Begins so many sessions with a second factor, each of an account of its own, by the operator's own login: signing that many
 * people in would take hours. Answers `known` of them, from all over the table and in no order.
 */
export async function seedSessions(
  databaseUrl: string,
  { count, known }: Readonly<{ count: number; known: number }>,
): Promise<readonly SeededSession[]> {
  const client = new pg.Client({ connectionString: databaseUrl, options: '-c search_path=auth' });
  await client.connect();
  try {
    await client.query(base36);
    const { rows: drawn } = await client.query<{ serial: string }>("SELECT nextval('session_serials') AS serial");
    const before = Number(drawn[0]?.serial);
    await client.query(insertAccounts, [`${before} `, count]);
    await client.query(insertSessions, [`${before} `, count]);
    // As the database's own housekeeping would have it after a while.
    await client.query('VACUUM ANALYZE accounts, sessions');
    await client.query('CHECKPOINT');
    const { rows } = await client.query<Omit<SeededSession, 'refreshToken'>>(sampleSessions, [
      before,
      Math.floor(count / known),
      known,
    ]);
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

/** Others each time. `$1`: the lot. */
const subject = `'u_' || substr(md5($1::text || number::text), 1, 16)`;

const insertAccounts = `
  INSERT INTO accounts (subject, created_at) SELECT ${subject}, now() FROM generate_series(1, $2) AS number`;

const insertSessions = `
  INSERT INTO sessions (serial, sid, subject, client_id, refresh_hash, started_at, last_used_at, auth_time, second_factor_at,
    acr, amr, idle_expires_at, absolute_expires_at)
  SELECT serial, pg_temp.base36(serial) || '.' || substr(md5(serial::text), 1, 8), subject, 'web',
    rtrim(translate(encode(sha256(convert_to('seeded ' || subject, 'UTF8')), 'base64'), '+/', '-_'), '='),
    now(), now(), now(), now(), 'aal2', '{pwd,otp,mfa}', now() + interval '1 hour', now() + interval '1 day'
  FROM (SELECT nextval('session_serials') AS serial, ${subject} AS subject
    FROM generate_series(1, $2) AS number) AS drawn`;

const sampleSessions = `
  SELECT serial::int, sid AS session, subject, client_id AS client FROM sessions
  WHERE serial > $1 AND (serial - $1) % $2 = 0 ORDER BY refresh_hash LIMIT $3`;
