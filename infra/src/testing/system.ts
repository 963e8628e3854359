import { throwAwayDatabase } from '@sallyport/db/testing';
import { startTemporarySystem, type TemporarySystem } from '../temporary-system.ts';

/** A system of a suite's own, on a database of its own that goes when the system is closed. */
export async function startTestSystem(): Promise<TemporarySystem> {
  const database = await throwAwayDatabase();
  const system = await startTemporarySystem(database.url);
  return {
    ...system,
    close: async () => {
      await system.close();
      await database.drop();
    },
  };
}
