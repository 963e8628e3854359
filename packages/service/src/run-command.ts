import { SettingsError } from './environment.ts';
import { redact, singleLine } from './redaction.ts';

export type Command = Readonly<{
  name: string;
  /** Does the work and answers what to print. */
  run: () => Promise<string>;
  /** Says in a sentence what to do about an error that a setting can mend; `undefined` for every other. */
  explain?: (error: unknown) => string | undefined;
}>;

/** Runs a command as the process. A failure is one line on stderr: exit code 2 for a setting to change, 1 for the rest. */
export async function runCommand({ name, run, explain }: Command): Promise<void> {
  try {
    process.stdout.write(`${await run()}\n`);
  } catch (error) {
    const advice = error instanceof SettingsError ? error.message : explain?.(error);
    process.stderr.write(`${name}: ${singleLine(advice ?? redact(innermostMessage(error)))}\n`);
    process.exitCode = advice === undefined ? 1 : 2;
  }
}

/** What `read` makes of a command's arguments. Whatever it throws is a mistake in them, for the person who typed them. */
export function readArguments<Options>(read: () => Options): Options {
  try {
    return read();
  } catch (error) {
    throw new SettingsError(error instanceof Error ? error.message.split('\n', 1)[0] : 'Unknown option.');
  }
}

/** A failed query repeats its statement; what the database said of it is its cause. */
function innermostMessage(error: unknown): string {
  if (!(error instanceof Error)) return 'It failed for an unknown reason.';
  if (error.cause instanceof Error) return innermostMessage(error.cause);
  const code = 'code' in error ? `${String(error.code)}: ` : '';
  return `${code}${error.message.split('\n', 1)[0] ?? ''}`;
}
