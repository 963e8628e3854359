/** From now on: milliseconds that pass, and the share of one processor that this process uses meanwhile. */
export function ownUse(): () => Readonly<{ ms: number; coreShare: number }> {
  const [before, startedAtMs] = [process.cpuUsage(), performance.now()];
  return () => {
    const ms = performance.now() - startedAtMs;
    const { user, system } = process.cpuUsage(before);
    return { ms, coreShare: (user + system) / 1000 / ms };
  };
}
