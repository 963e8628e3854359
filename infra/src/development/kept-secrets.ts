import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { OperatorError } from '../operator-error.ts';
import { makeSystemSecrets, systemSecrets } from '../system-secrets.ts';

const keptSecrets = z.strictObject({ postgresPassword: z.string().min(1), system: systemSecrets });

export type KeptSecrets = Readonly<z.output<typeof keptSecrets>>;

/** Development's secrets: made once, and kept in a file that only its owner reads, since the database depends on them. */
export async function readOrMakeSecrets(path: string): Promise<KeptSecrets> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return makeSecrets(path);
  try {
    return keptSecrets.parse(JSON.parse(text));
  } catch (error) {
    throw new OperatorError(
      `${path} cannot be read: delete the folder it is in, and with it the development database, to begin anew.`,
      { cause: error },
    );
  }
}

async function makeSecrets(path: string): Promise<KeptSecrets> {
  const secrets = { postgresPassword: randomBytes(16).toString('hex'), system: await makeSystemSecrets() };
  await mkdir(dirname(path), { recursive: true });
  // A write that is cut short leaves no half file behind.
  await writeFile(`${path}.new`, `${JSON.stringify(secrets, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return secrets;
}
