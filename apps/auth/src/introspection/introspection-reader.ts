import { runtimeRole } from '@sallyport/db';
import pg from 'pg';
import type { Now } from '../moments.ts';
import { prepareIntrospection, type Introspection } from './introspection.ts';
import { rowReader } from './read-rows.ts';

export type IntrospectionReader = Introspection & Readonly<{ close: () => Promise<void> }>;

/** Milliseconds that a question may wait for the database: services give up after a second. */
const answerWithinMs = 900;

/**
 * One plan, by keys, whatever the statistics say: this connection has one statement, and a plan that was made for a small table is
 * the worst for a large one.
 */
const steadyPlan = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off';

type ReaderSettings = Readonly<{ databaseUrl: string; now: Now }>;
type Opened = Introspection & Readonly<{ client: pg.Client }>;

/**
 * Introspection on a connection of its own that pipelines: questions are written without waiting for the answers before
 * them, and transactions elsewhere cannot hold them up. Each statement begins after its question came, so answers are
 * fresh.
 *
 * The connection is opened when it is first needed, and again after it broke; what was under way on a broken one
 * rejects.
 */
export function openIntrospectionReader(settings: ReaderSettings): IntrospectionReader {
  let current: Promise<Opened> | undefined;

  const take = (): Promise<Opened> => {
    if (current !== undefined) return current;
    const forget = (): void => {
      if (current === opening) current = undefined;
    };
    const opening: Promise<Opened> = connect(settings, forget);
    opening.catch(forget);
    current = opening;
    return opening;
  };

  return {
    introspect: async (questions, asker) => (await take()).introspect(questions, asker),
    introspectToCarry: async (questions, asker) => (await take()).introspectToCarry(questions, asker),
    close: async () => {
      const opened = await current?.catch(() => undefined);
      current = undefined;
      await opened?.client.end();
    },
  };
}

async function connect({ databaseUrl, now }: ReaderSettings, onBroken: () => void): Promise<Opened> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    options: `-c search_path=auth -c role=${runtimeRole('auth')} -c default_transaction_read_only=on ${steadyPlan}`,
    pipeline: true,
    connectionTimeoutMillis: answerWithinMs,
    keepAlive: true,
  });
  client.on('error', onBroken).on('end', onBroken);
  await client.connect();
  return { client, ...prepareIntrospection(rowReader(client, answerWithinMs), now) };
}
