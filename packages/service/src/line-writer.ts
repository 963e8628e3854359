/** Where lines go, each with the newline at its end. `level` is pino's number of its level. */
export type LineDestination = Readonly<{ write: (line: string, level: number) => void }>;

/** pino's number of `warn`. */
const warn = 40;

/** Many lines, and yet a pipe has room for them while its reader is busy: Linux keeps 64 KiB (pipe(7)). In characters. */
const enough = 16 * 1024;
const waitAtMostMs = 10;

/**
 * Hands over many lines together: written one by one, each is a system call, and wakes whoever reads them. They go when 16 Ki characters are there, or the first
 * has waited for 10 ms; from `warn` on, a line is handed over at once, and those before it. `flush` hands over what is there.
 */
export function lineWriter(write: (lines: string) => void): LineDestination & Readonly<{ flush: () => void }> {
  let waiting = '';
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    if (waiting === '') return;
    const lines = waiting;
    waiting = '';
    write(lines);
  }

  function whenItWaited(): void {
    timer = undefined;
    flush();
  }

  return {
    write: (line, level) => {
      waiting += line;
      if (level >= warn || waiting.length >= enough) flush();
      // Never what keeps a process alive: at its end, somebody flushes.
      else timer ??= setTimeout(whenItWaited, waitAtMostMs).unref();
    },
    flush,
  };
}
