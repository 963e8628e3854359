import type pg from 'pg';

/** The rows of one prepared statement. Rejects when the database refuses it, or does not answer in time. */
export type ReadRows = <Row extends pg.QueryResultRow>(statement: pg.QueryConfig) => Promise<readonly Row[]>;

/**
 * Statements on one connection that pipelines. One that is not answered in time takes the connection with it: those behind it wait for the
 * same thing.
 *
 * By callback, and with a timer of our own. For its promise, and again for its `query_timeout`, `pg` assigns a new function to a property, which V8 puts
 * straight into the old generation; whatever that function can reach then outlives all young collections, and so did each
 * question with its request (docs/decisions/0041).
 */
export function rowReader(client: pg.Client, answerWithinMs: number): ReadRows {
  return <Row extends pg.QueryResultRow>(statement: pg.QueryConfig) =>
    new Promise<readonly Row[]>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`PostgreSQL did not answer within ${answerWithinMs} ms.`));
        client.connection.stream.destroy();
      }, answerWithinMs);
      client.query<Row>(statement, (error: Error | null, result) => {
        clearTimeout(timer);
        if (error === null) resolve(result.rows);
        else reject(error);
      });
    });
}
