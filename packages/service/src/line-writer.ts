/** Where lines go, each with the newline at its end. `level` is pino's number of its level. */
export type LineDestination = Readonly<{ write: (line: string, level: number) => void }>;

/** pino's number of `warn`. */
const warn = 40;

/**
 * Hands over the lines of one turn of the event loop together: written one by one, each is a system call. From `warn` on, a line is handed
 * over at once, and those before it. `flush` hands over what is there.
 */
export function lineWriter(write: (lines: string) => void): LineDestination & Readonly<{ flush: () => void }> {
  let waiting = '';

  function flush(): void {
    if (waiting === '') return;
    const lines = waiting;
    waiting = '';
    write(lines);
  }

  return {
    write: (line, level) => {
      if (waiting === '' && level < warn) setImmediate(flush);
      waiting += line;
      if (level >= warn) flush();
    },
    flush,
  };
}
