/** Where lines go, each with the newline at its end. `level` is pino's number of its level. */
export type LineDestination = Readonly<{ write: (line: string, level: number) => void }>;

/** What the lines are handed to, as UTF-8. Answers how many of the bytes it took: less than all when it has no more room now. */
export type Output = (bytes: Uint8Array) => number;

/** pino's number of `warn`. */
const warn = 40;

/** Many lines, and yet a pipe has room for them while its reader is busy: Linux keeps 64 KiB (pipe(7)). In characters. */
const enough = 16 * 1024;
const waitAtMostMs = 10;
/** Bytes that wait for room before the process waits with them. */
const maxLeftBytes = 1024 * 1024;
const pauseMs = 1;

/**
 * Hands over many lines together: written one by one, each is a system call, and wakes whoever reads them. They go when 16 Ki characters are there, or the first
 * has waited for 10 ms; from `warn` on, a line is handed over at once, and those before it.
 *
 * Lines that find no room wait for the next time, and the process goes on: their reader may be late by many requests. Over 1 MiB of them, nothing
 * goes on before there is room, so no line is lost and memory is bounded. `finish` waits until everything is taken.
 */
export function lineWriter(
  output: Output,
  pause: () => void = sleep,
): LineDestination & Readonly<{ finish: () => void }> {
  let waiting = '';
  /** In order. Of the first, a part may have been taken. */
  const left: Uint8Array[] = [];
  let leftBytes = 0;
  let timer: NodeJS.Timeout | undefined;

  /** Waits as long as more than so many bytes find no room. */
  function handOver(maxLeft: number): void {
    if (waiting !== '') {
      const bytes = Buffer.from(waiting);
      waiting = '';
      left.push(bytes);
      leftBytes += bytes.length;
    }
    for (offer(); leftBytes > maxLeft; offer()) pause();
  }

  function offer(): void {
    for (let [first] = left; first !== undefined; [first] = left) {
      const taken = output(first);
      leftBytes -= taken;
      if (taken < first.length) {
        left[0] = first.subarray(taken);
        return;
      }
      left.shift();
    }
  }

  function flush(): void {
    handOver(maxLeftBytes);
    if (leftBytes > 0) wakeLater();
  }

  // Never what keeps a process alive: at its end, somebody finishes.
  function wakeLater(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      flush();
    }, waitAtMostMs).unref();
  }

  return {
    write: (line, level) => {
      waiting += line;
      if (level >= warn || waiting.length >= enough) flush();
      else wakeLater();
    },
    finish: () => handOver(0),
  };
}

const nobody = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

function sleep(): void {
  Atomics.wait(nobody, 0, 0, pauseMs);
}
