import { cpus, totalmem, type } from 'node:os';
import type { Pinning } from './pinning.ts';

/** Where and when a run was measured. */
export type Machine = Readonly<{ measuredAt: string; machine: string; node: string; pinning: string }>;

export function describeMachine({ sentence }: Pinning): Machine {
  const processors = cpus();
  const gib = Math.round(totalmem() / 1024 ** 3);
  return {
    measuredAt: new Date().toISOString().slice(0, 10),
    machine: `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, ${gib} GiB, ${type()}`,
    node: process.versions.node,
    pinning: sentence,
  };
}
