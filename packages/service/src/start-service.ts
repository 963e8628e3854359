import { SettingsError } from './environment.ts';
import { describeError } from './log.ts';
import { redact, singleLine } from './redaction.ts';
import type { Running } from './serve.ts';

/** Exit codes: a setting to change, and everything else. */
const badSettings = 2;
const failed = 1;

const stopWithinMs = 15_000;

/**
 * Runs a service's main function as the process: one line on stderr and a non-zero exit when it cannot start, and an
 * orderly stop on SIGINT and SIGTERM.
 */
export async function startService(name: string, main: () => Promise<Running>): Promise<void> {
  process.on('uncaughtException', (error) => fail(name, error));
  try {
    runUntilSignal(await main());
  } catch (error) {
    fail(name, error);
  }
}

/** Stops the service on SIGINT or SIGTERM and exits with 0. A second signal exits at once. */
export function runUntilSignal(running: Running): void {
  let stopping = false;
  const stop = () => {
    if (stopping) process.exit(failed);
    stopping = true;
    // Whatever does not want to end: the process does.
    setTimeout(() => process.exit(failed), stopWithinMs).unref();
    running.close().then(
      () => process.exit(0),
      () => process.exit(failed),
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

function fail(name: string, error: unknown): never {
  const isSetting = error instanceof SettingsError;
  const { message, stack } = describeError(error);
  // The text of a SettingsError is ours, down to its example of a database address.
  const text = isSetting ? message : redact(`stopped by an error: ${message} (${stack.slice(0, 5).join(', ')})`);
  process.stderr.write(`${name}: ${singleLine(text)}\n`);
  process.exit(isSetting ? badSettings : failed);
}
