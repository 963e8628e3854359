import { sql } from 'drizzle-orm';
import type { AuthQueries } from '../database.ts';

/**
 * The next serial: of a session, or of a service's own token. A cut-off covers every serial that was drawn before it, so draw
 * first, and then read, waiting for changes that are under way (`FOR SHARE`), what a cut-off may take away.
 */
export async function drawSerial(queries: AuthQueries): Promise<number> {
  const { rows } = await queries.execute<{ serial: string }>(sql`SELECT nextval('session_serials') AS serial`);
  return Number(rows[0]?.serial);
}
