import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { repositoryRoot } from './repository.ts';

export type Owner = Readonly<{ uid: number; gid: number }>;

export type GuardedProcessOptions = Readonly<{
  command: readonly string[];
  /** Its environment. Besides PATH, and where Node keeps what it compiled, there is nothing else in it. */
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** What asks it to end: PostgreSQL's fast shutdown is INT. */
  signal: 'INT' | 'TERM';
  /** Runs as somebody else. Needs root. */
  owner?: Owner | undefined;
  /** A folder that is deleted when the process has ended, also when we were killed before. */
  deleteAfterwards?: string;
  onLine: (line: string) => void;
}>;

export type GuardedProcess = Readonly<{
  /** Resolves when the process has ended and its last line was read: its exit code, 128 + n after signal n. */
  ended: Promise<number>;
  /** Asks it to end and waits until it has; after 6 s it is killed. */
  stop: () => Promise<void>;
  /** Ends it at once, as a crash would. */
  kill: () => Promise<void>;
  /** Takes it off the processor, and puts it back: its connections stay open, and nobody answers. */
  freeze: () => void;
  thaw: () => void;
}>;

// Its text, not its path: whom it runs as may not be able to read this folder.
const guard = readFileSync(join(import.meta.dirname, 'guard.sh'), 'utf8').replace(/^#.*\n/gm, '');
/** Programs are started again and again, and each start takes up to a third less when Node has compiled the same before. */
const compiled = join(repositoryRoot, 'node_modules', '.cache', 'node');
const running = new Set<GuardedProcess>();

/**
 * A child process that ends when we do, however we end: a shell between the two waits for our end of a pipe to close.
 * It has a process group of its own, so that Ctrl-C in a terminal reaches us first and we decide on the order.
 */
export function startGuarded(options: GuardedProcessOptions): GuardedProcess {
  const child = spawn(
    '/bin/sh',
    ['-c', guard, 'guard.sh', options.signal, options.deleteAfterwards ?? '', ...options.command],
    {
      cwd: options.cwd,
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', NODE_COMPILE_CACHE: compiled, ...options.env },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...options.owner,
    },
  );
  forEachLine(child.stdout, options.onLine);
  forEachLine(child.stderr, options.onLine);
  // It may be gone before we let go of it.
  child.stdin.on('error', () => {});
  const ended = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      options.onLine(error.message);
      resolve(127);
    });
    child.once('close', (code) => resolve(code ?? 137));
  });
  const signalGroup = (signal: NodeJS.Signals) => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal);
  };
  const guarded: GuardedProcess = {
    ended,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
    kill: async () => {
      signalGroup('SIGKILL');
      await ended;
    },
    freeze: () => signalGroup('SIGSTOP'),
    thaw: () => signalGroup('SIGCONT'),
  };
  running.add(guarded);
  void ended.then(() => running.delete(guarded));
  return guarded;
}

/** Stops all that runs, at once and in no order: for an end in the middle of a start. */
export async function stopAllGuarded(): Promise<void> {
  await Promise.all(Array.from(running, (guarded) => guarded.stop()));
}

function forEachLine(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', onLine);
}
