import { writeSync } from 'node:fs';

/**
 * Writes as much as there is room for, and answers how many bytes that was. Where nobody reads any more, everything is taken, and gone.
 *
 * Node opens a pipe so that it never makes its writer wait, once somebody asks for `process.stdout`. A file takes everything.
 * @throws what the system says of a file that cannot be written
 */
export function writeToStandardOutput(bytes: Uint8Array): number {
  try {
    return writeSync(process.stdout.fd, bytes);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EAGAIN') return 0;
    if (code === 'EPIPE') return bytes.length;
    throw error;
  }
}
