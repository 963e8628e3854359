import { throwAwayDatabase } from '@sallyport/db/testing';
import { startTemporarySystem, type TemporarySystem, type TemporarySystemOptions } from '../temporary-system.ts';

/** A system of a suite's own, on a database of its own that goes when the system is closed. */
export async function startTestSystem(options: TemporarySystemOptions = {}): Promise<TemporarySystem> {
  const database = await throwAwayDatabase();
  const system = await startTemporarySystem(database.url, options);
  return {
    ...system,
    close: async () => {
      await system.close();
      await database.drop();
    },
  };
}
