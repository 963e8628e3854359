import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

type MeasuredMemory = Readonly<{ admitted: number; grownMebibytes: number }>;

// V8 lets the young generation grow and shrink by tens of megabytes as it sees fit, which says nothing about ours: it is given one size.
const flags = ['--expose-gc', '--min-semi-space-size=16', '--max-semi-space-size=16'];

/** Runs the probe in a new process, whose memory nobody else's tests are in. It tells how far it is. */
export async function measureMemory(tokens: number, keep: 'each' | 'returning'): Promise<MeasuredMemory> {
  const probe = fileURLToPath(new URL('memory-probe.ts', import.meta.url));
  const child = spawn(process.execPath, [...flags, probe, String(tokens), keep], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  if (child.exitCode !== 0) throw new Error(`the probe ended with ${child.exitCode}`);
  return JSON.parse(output);
}
