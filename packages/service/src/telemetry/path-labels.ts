import { trpcPath } from '../trpc-endpoint.ts';

/** Answers what a path is counted as: itself when it is of this service, `batch` for several calls in one, else `unknown`. */
export function openPathLabels(procedures: Iterable<string>, routes: readonly { path: string }[]) {
  const known = new Set(Array.from(procedures, (name) => `${trpcPath}${name}`));
  for (const { path } of routes) known.add(path);
  return (path: string): string => {
    if (known.has(path)) return path;
    return path.startsWith(trpcPath) && path.includes(',') ? 'batch' : 'unknown';
  };
}
