import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { SettingsError } from '@sallyport/service';

/**
 * Asks whoever sits at the terminal. Where nobody does, the variable says it, and its absence is an error that names it. A secret is
 * not shown while it is typed, and is never taken from the command's arguments: those are there for all to see.
 */
export async function ask(question: string, variable: string, { secret }: { secret: boolean }): Promise<string> {
  const given = process.env[variable];
  if (given !== undefined && given !== '') return given;
  if (!process.stdin.isTTY) throw new SettingsError(`Nobody is here to ask: set ${variable}.`);
  let silent = false;
  const output = new Writable({
    decodeStrings: false,
    write(chunk: unknown, _encoding, done) {
      if (!silent) process.stderr.write(String(chunk));
      done();
    },
  });
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  const answer = terminal.question(question);
  silent = secret;
  try {
    return await answer;
  } finally {
    terminal.close();
    if (secret) process.stderr.write('\n');
  }
}
