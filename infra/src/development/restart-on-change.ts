import { watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../repository.ts';
import { type ServiceName, serviceNames } from '../service-process.ts';

/** An editor writes a file in several steps. */
const settleMs = 100;

export type Restart = (names: readonly ServiceName[], changed: string) => Promise<void>;

/**
 * Calls `restart` when source files were saved: with one service for a file of its own, with all for a file of packages.
 * One restart at a time; what changes meanwhile leads to the next. Returns what ends the watching.
 */
export function restartOnChange(restart: Restart): () => void {
  const changed = new Map<ServiceName, string>();
  let timer: NodeJS.Timeout | undefined;
  let underWay = Promise.resolve();

  const restartChanged = async () => {
    const names = [...changed.keys()];
    const [file] = changed.values();
    changed.clear();
    if (file !== undefined) await restart(names, file);
  };
  const note = (names: readonly ServiceName[], file: string) => {
    for (const name of names) changed.set(name, file);
    clearTimeout(timer);
    timer = setTimeout(() => {
      underWay = underWay.then(restartChanged);
    }, settleMs);
  };

  const watchers: FSWatcher[] = [
    ...serviceNames.map((name) => watchSources(`apps/${name}/src`, (file) => note([name], file))),
    ...['auth', 'client', 'db', 'service'].map((name) =>
      watchSources(`packages/${name}/src`, (file) => note(serviceNames, file)),
    ),
  ];
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

function watchSources(folder: string, onChange: (file: string) => void): FSWatcher {
  return watch(join(repositoryRoot, folder), { recursive: true }, (_event, file) => {
    if (file !== null && file.endsWith('.ts') && !file.endsWith('.test.ts')) onChange(join(folder, file));
  });
}
