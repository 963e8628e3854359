import type { TemporarySystem } from '@sallyport/infra/temporary-system';
import type { Run } from './figure.ts';
import { startProductionSystem } from './production-system.ts';

export type WholeHouse = Readonly<{ urls: TemporarySystem['urls']; databaseUrl: string; close: () => Promise<void> }>;

/**
 * All three services as they run in production: those that people use on the one processor, the authority with PostgreSQL and the load on
 * the others. To be asked of `Run.shared`.
 */
export async function wholeHouse(run: Run): Promise<WholeHouse> {
  const { measuredService, restService } = run.pinning;
  return startProductionSystem(run, {
    launchers: { auth: restService, catalog: measuredService, payments: measuredService },
  });
}
