import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseJson, SettingsError } from '@sallyport/service';
import { z } from 'zod';

/**
 * What a file holds: some JSON object. That it is the one which a procedure takes is claimed here and not checked: the
 * authority's own schema decides.
 */
export async function readJsonFile<Input extends object>(file: string): Promise<Input> {
  // pnpm runs this in the repository's folder, and leaves the caller's own in INIT_CWD.
  const text = await readFile(resolve(process.env['INIT_CWD'] ?? '', file), 'utf8').catch(() => {
    throw new SettingsError(`${file} cannot be read.`);
  });
  const read = z
    .custom<Input>((value) => typeof value === 'object' && value !== null && !Array.isArray(value))
    .safeParse(parseJson(text));
  if (!read.success) throw new SettingsError(`${file} holds no JSON object.`);
  return read.data;
}
