import {
  startTemporarySystem,
  type TemporarySystem,
  type TemporarySystemOptions,
} from '@sallyport/infra/temporary-system';
import type { Run } from './figure.ts';

export type MeasuredSystem = TemporarySystem & Readonly<{ databaseUrl: string }>;

type Changes = Pick<TemporarySystemOptions, 'services' | 'launchers' | 'programs' | 'extraSettings'>;

/**
 * Services as they run in production, on a database of their own: the log at `info` to a pipe that is read, metrics counted, traces sent.
 * `extraSettings` come beside those of metrics and traces.
 */
export async function startProductionSystem(run: Run, changes: Changes): Promise<MeasuredSystem> {
  const { databaseUrl, preparedWith } = await run.preparedDatabase();
  const { auth, catalog, payments } = await run.telemetry();
  const { extraSettings = {} } = changes;
  const system = await startTemporarySystem(databaseUrl, {
    ...changes,
    preparedWith,
    logLevel: 'info',
    isLogKept: false,
    extraSettings: {
      auth: { ...auth, ...extraSettings.auth },
      catalog: { ...catalog, ...extraSettings.catalog },
      payments: { ...payments, ...extraSettings.payments },
    },
  });
  return { ...system, databaseUrl };
}

/** The same without log, metrics and traces, to see what they take. Nobody runs it like this. */
export async function startSilentSystem(run: Run, changes: Changes): Promise<MeasuredSystem> {
  const { databaseUrl, preparedWith } = await run.preparedDatabase();
  const system = await startTemporarySystem(databaseUrl, {
    ...changes,
    preparedWith,
    logLevel: 'error',
    isLogKept: false,
  });
  return { ...system, databaseUrl };
}
