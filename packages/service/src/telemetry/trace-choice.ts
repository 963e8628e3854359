import { readTrace } from '@sallyport/auth';
import type { Tracing } from './tracing.ts';

/** Anybody can ask for their request to be recorded; more than these in a second are not. */
const maxContinuedPerSecond = 200;

/**
 * Chooses what is recorded: of the traces that begin here `share` (0 to 1), by their ids, so that whoever else chooses like this chooses the
 * same; of those that are carried on, what their beginner chose.
 */
export function traceReader(share: number, nowMs: () => number = () => performance.now()): Tracing['readTrace'] {
  const below = Math.round(share * 2 ** 32);
  let second = 0;
  let continued = 0;

  return (values) => {
    const trace = readTrace(values);
    const isChosen = trace.parentSpanId === undefined ? isInShare(trace.traceId) : trace.sampled && isThereRoom();
    return trace.sampled === isChosen ? trace : { ...trace, sampled: isChosen };
  };

  // The right of an id is where it is random (W3C Trace Context Level 2 §3.2.2.3).
  function isInShare(traceId: string): boolean {
    return below === 2 ** 32 || (below > 0 && Number.parseInt(traceId.slice(-8), 16) < below);
  }

  function isThereRoom(): boolean {
    const now = Math.floor(nowMs() / 1000);
    if (now !== second) continued = 0;
    second = now;
    continued += 1;
    return continued <= maxContinuedPerSecond;
  }
}
