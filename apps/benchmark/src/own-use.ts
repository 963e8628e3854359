import { stolenSeconds } from './stolen-time.ts';

/** From now on: milliseconds that pass, and the share of one processor that this process uses of what the host lets it. */
export function ownUse(): () => Readonly<{ ms: number; coreShare: number }> {
  const [before, stolen, startedAtMs] = [process.cpuUsage(), stolenSeconds(process.pid), performance.now()];
  return () => {
    const ms = performance.now() - startedAtMs;
    const { user, system } = process.cpuUsage(before);
    const stolenMs = (stolenSeconds(process.pid) - stolen) * 1000;
    return { ms, coreShare: (user + system) / 1000 / (ms - stolenMs) };
  };
}
