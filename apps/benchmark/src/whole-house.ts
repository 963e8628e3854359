import { startTemporarySystem, type TemporarySystem } from '@sallyport/infra/temporary-system';
import type { Run } from './figure.ts';

export type WholeHouse = Readonly<{ urls: TemporarySystem['urls']; databaseUrl: string; close: () => Promise<void> }>;

/**
 * All three services as they run in production: those that people use on the one processor, the authority with PostgreSQL and the load on
 * the others. To be asked of `Run.shared`.
 */
export async function wholeHouse(run: Run): Promise<WholeHouse> {
  const { measuredService, restService } = run.pinning;
  const databaseUrl = await run.database();
  const { urls, close } = await startTemporarySystem(databaseUrl, {
    logLevel: 'info',
    isLogKept: false,
    launchers: { auth: restService, catalog: measuredService, payments: measuredService },
    extraSettings: await run.telemetry(),
  });
  return { urls, databaseUrl, close };
}
