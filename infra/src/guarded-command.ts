import { stopAllGuarded } from './guarded-process.ts';
import { describeFailure, OperatorError } from './operator-error.ts';

export type GuardedCommand<Options> = Readonly<{
  /** As `pnpm` knows it. */
  name: string;
  help: string;
  /** `undefined` when only the help is wanted. What it throws is a mistake of whoever typed. */
  readOptions: () => Options | undefined;
  run: (options: Options) => Promise<void>;
}>;

/** Runs a command of this repository that starts processes: none of them outlives it, whatever ends it. */
export async function runGuarded<Options>({ name, help, readOptions, run }: GuardedCommand<Options>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stopAllGuarded().then(() => process.exit(130)));
  }
  try {
    const options = read(name, readOptions);
    if (options === undefined) console.log(help);
    else await run(options);
  } catch (error) {
    console.error(`✗ ${describeFailure(error)}`);
    process.exitCode = 1;
  } finally {
    await stopAllGuarded();
  }
}

function read<Options>(name: string, readOptions: () => Options): Options {
  try {
    return readOptions();
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error);
    throw new OperatorError(`${sentence.replace(/[^.]$/, '$&.')} See pnpm ${name} --help.`, { cause: error });
  }
}
