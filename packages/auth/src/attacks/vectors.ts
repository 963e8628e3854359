import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const folder = resolve(root, process.env['SALLYPORT_VECTORS_DIR'] ?? '../shared/vectors');

/** Public test data, kept beside the repository. What needs it is skipped by name where it is absent. */
export function hasVectors(part: 'wycheproof' | 'jose-cookbook'): boolean {
  return existsSync(resolve(folder, part));
}

/** Not checked: that the file holds what the test reads from it. One that does not fails its test. */
export function readVectors(path: string): unknown {
  return JSON.parse(readFileSync(resolve(folder, path), 'utf8'));
}
