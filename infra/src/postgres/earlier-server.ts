import { spawnSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { OperatorError } from '../operator-error.ts';

const endsWithinMs = 10_000;

/**
 * Makes way for a new server on a data folder: ends one that a crash left running there, and removes a pid file whose
 * number belongs to an unrelated process by now (PostgreSQL itself would take that one for a server).
 * @throws OperatorError when the server is not left over, but in use by another of our processes
 */
export async function endEarlierServer(folder: string): Promise<void> {
  const pidFile = join(folder, 'postmaster.pid');
  const pid = await processIn(pidFile);
  if (pid === undefined) return;
  const server = await processInfo(pid);
  if (server === undefined || !server.command.includes(folder)) {
    await rm(pidFile, { force: true });
    return;
  }
  const parent = await processInfo(server.parent);
  // Its guard may be about to end it.
  if (parent?.command.includes('guard.sh') === true && !(await isGoneWithin(pid, 3000))) {
    throw new OperatorError(
      `Sallyport already runs from this repository (its PostgreSQL is process ${pid}): stop that one first.`,
    );
  }
  signal(pid, 'SIGINT');
  if (!(await isGoneWithin(pid, endsWithinMs))) {
    throw new OperatorError(
      `PostgreSQL, process ${pid}, is left over from an earlier run and does not end: end it yourself.`,
    );
  }
}

async function processIn(pidFile: string): Promise<number | undefined> {
  const text = await readFile(pidFile, 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return pid > 1 ? pid : undefined;
}

type ProcessInfo = Readonly<{ command: string; parent: number }>;

/** Undefined when there is no such process. */
async function processInfo(pid: number): Promise<ProcessInfo | undefined> {
  if (process.platform === 'linux') return linuxProcessInfo(pid);
  const listed = spawnSync('ps', ['-o', 'ppid=,args=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  const [, parent, command] = /^(\d+)\s+(.*)$/.exec(listed) ?? [];
  return parent === undefined || command === undefined ? undefined : { command, parent: Number(parent) };
}

async function linuxProcessInfo(pid: number): Promise<ProcessInfo | undefined> {
  try {
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return { command, parent: Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]) };
  } catch {
    return undefined;
  }
}

async function isGoneWithin(pid: number, ms: number): Promise<boolean> {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs) {
    if (!signal(pid, 0)) return true;
    await wait(50);
  }
  return false;
}

/** Whether there was a process to signal. */
function signal(pid: number, name: 'SIGINT' | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
