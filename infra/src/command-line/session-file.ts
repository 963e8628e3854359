import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { TokenSet, TokenStore } from '@sallyport/client';
import { parseJson, SettingsError } from '@sallyport/service';

/**
 * Keeps who is signed in, in a file that only its owner may read: whoever reads it can act as they do. A file that others may
 * read is not used, however it came to be so.
 * @throws SettingsError in one line that says what to do
 */
export function sessionFile(path: string, read: (value: unknown) => TokenSet): TokenStore {
  return {
    async read() {
      const found = await stat(path).catch(() => undefined);
      if (found === undefined) return undefined;
      if ((found.mode & 0o077) !== 0)
        throw new SettingsError(`${path} can be read by others: delete it, and sign in again.`);
      const value = parseJson(await readFile(path, 'utf8'));
      try {
        return read(value);
      } catch {
        throw new SettingsError(`${path} is no session: delete it, and sign in again.`);
      }
    },

    async write(tokens) {
      if (tokens === undefined) return rm(path, { force: true });
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      // A write that is cut short leaves the session before it, and no half file.
      const next = `${path}.${process.pid}`;
      await rm(next, { force: true });
      await writeFile(next, JSON.stringify(tokens), { mode: 0o600, flag: 'wx' });
      await chmod(next, 0o600);
      return rename(next, path);
    },
  };
}
