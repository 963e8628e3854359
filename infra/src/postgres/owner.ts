import { spawnSync } from 'node:child_process';
import { chown, lstat, mkdir } from 'node:fs/promises';
import type { Owner } from '../guarded-process.ts';
import { OperatorError } from '../operator-error.ts';

/**
 * PostgreSQL refuses to run as root. Then it runs as whoever owns its data already, else as `postgres`, else as `nobody`.
 * Returns undefined when we are not root: it runs as we do.
 */
export async function postgresOwner(folder: string): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const present = await lstat(folder).catch(() => undefined);
  if (present?.isDirectory() === true && present.uid !== 0) return { uid: present.uid, gid: present.gid };
  const owner = accountNamed('postgres') ?? accountNamed('nobody');
  if (owner !== undefined) return owner;
  throw new OperatorError('PostgreSQL cannot run as root: run this as another user, or set DATABASE_URL.');
}

/** Makes a folder that only `owner` may enter. Throws when `owner` does not get there. */
export async function makeFolderFor(owner: Owner | undefined, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await giveTo(owner, folder);
  if (owner === undefined || canReach(owner, folder)) return;
  throw new OperatorError(
    `PostgreSQL runs as user ${owner.uid}, since it cannot run as root, and that user cannot reach ${folder}.`,
  );
}

export async function giveTo(owner: Owner | undefined, path: string): Promise<void> {
  if (owner !== undefined) await chown(path, owner.uid, owner.gid);
}

/** Whether `owner` gets to a path: the folders above may be closed to others, as `/root` is, or one from `mktemp -d`. */
export function canReach(owner: Owner, path: string): boolean {
  return spawnSync('/bin/sh', ['-c', 'test -e "$1"', 'probe', path], { cwd: '/', ...owner }).status === 0;
}

function accountNamed(name: string): Owner | undefined {
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number.parseInt(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout, 10),
  );
  return uid === undefined || gid === undefined || Number.isNaN(uid) || Number.isNaN(gid) ? undefined : { uid, gid };
}
