import pg from 'pg';

/** Sessions by what the authority finds them by, in prepared statements on one connection that pipelines: the least that a look-up costs. */
export type SessionRows = Readonly<{
  /** By its id. */
  one: (session: unknown) => Promise<readonly object[]>;
  /** By their serials. @throws when one of them is not there */
  many: (serials: readonly unknown[]) => Promise<readonly object[]>;
}>;

const columns = 'sid, subject, client_id, auth_time, second_factor_at, acr';

export async function openSessionRows(databaseUrl: string): Promise<SessionRows> {
  const client = new pg.Client({ connectionString: databaseUrl, options: '-c search_path=auth', pipeline: true });
  await client.connect();

  /** By callback, as the authority asks: what comes by the promises of `pg` may outlive young collections (docs/decisions/0041). */
  const rowsOf = (statement: pg.QueryConfig): Promise<readonly object[]> =>
    new Promise((resolve, reject) => {
      client.query<object>(statement, (error: Error | null, result) => {
        if (error === null) resolve(result.rows);
        else reject(error);
      });
    });

  return {
    one: (session) =>
      rowsOf({ name: 'one', text: `SELECT ${columns} FROM sessions WHERE sid = $1`, values: [session] }),
    many: async (serials) => {
      const text = `SELECT ${columns} FROM sessions WHERE serial = ANY($1)`;
      const rows = await rowsOf({ name: 'many', text, values: [serials] });
      if (rows.length !== serials.length) throw new Error(`${rows.length} of ${serials.length} sessions were found.`);
      return rows;
    },
  };
}
