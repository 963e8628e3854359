import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { stolenSeconds } from './stolen-time.ts';

/** Seconds of processor time that the living threads of a process have used; `undefined` where the system does not tell. */
function processorSeconds(pid: number): number | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const nanoseconds = threads.map((thread) =>
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
    );
    return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e9;
  } catch {
    return undefined;
  }
}

/** Bytes of memory that a process has; `undefined` where the system does not tell. */
export function residentBytes(pid: number | undefined): number | undefined {
  try {
    const [, kibibytes] = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}

/** The process that serves a loopback address: a service is started by a launcher, which knows its own id only. */
export function processListeningAt(url: string): number | undefined {
  try {
    const socket = `socket:[${listeningInode(Number(new URL(url).port))}]`;
    return readdirSync('/proc')
      .map(Number)
      .find((pid) => pid > 0 && openFiles(pid).includes(socket));
  } catch {
    return undefined;
  }
}

function listeningInode(port: number): string | undefined {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1);
  const columns = sockets.map((line) => line.trim().split(/\s+/));
  return columns.find(([, address = '', , state]) => address.endsWith(local) && state === '0A')?.[9];
}

function openFiles(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    // It has ended, or is somebody else's.
    return [];
  }
}

/** Share of one processor that a process used while something was done, of what the host let anybody here use. */
export async function shareOf<Result>(
  pid: number | undefined,
  work: () => Promise<Result>,
): Promise<Readonly<{ result: Result; coreShare?: number }>> {
  if (pid === undefined) return { result: await work() };
  const now = () => ({ used: processorSeconds(pid), stolen: stolenSeconds(pid), seconds: performance.now() / 1000 });
  const before = now();
  const result = await work();
  const after = now();
  if (before.used === undefined || after.used === undefined) return { result };
  const seconds = after.seconds - before.seconds - (after.stolen - before.stolen);
  return { result, coreShare: (after.used - before.used) / seconds };
}
