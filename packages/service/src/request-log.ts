import type { Exchange } from './http-exchange.ts';
import type { Log } from './log.ts';
import { loggedReason, publicErrorOf } from './public-error.ts';
import { requestMembers, type RequestLine } from './request-line.ts';

const maxLoggedPath = 200;

/**
 * One line for each request; one more for each error that nobody meant to send. Never a query, a header or an input. What is
 * asked all the time, and answered, is told at `debug`: `routine` paths, and probes.
 */
export function requestLog(log: Log, routine: readonly string[] = []) {
  // tRPC may report one error several times: for each call of a batch, and once more when it ends a stream.
  const seen = new WeakSet<Error>();

  return {
    failed: (exchange: Exchange, error: Error): void => {
      if (seen.has(error)) return;
      seen.add(error);
      exchange.reasons.push(loggedReason(error));
      if (publicErrorOf(error).httpStatus !== 500 || isAbort(exchange, error)) return;
      log.error({ trace: exchange.trace.traceId, err: error.cause ?? error }, 'request failed');
    },
    /** `tookMs`: from its head to the end of its answer. */
    done: (exchange: Exchange, tookMs: number): void => {
      const { path, response } = exchange;
      const isProbe = path === '/healthz' || path === '/readyz';
      const isRoutine = isProbe || (routine.includes(path) && response.statusCode < 400);
      const level = isRoutine ? 'debug' : 'info';
      if (log.isLevelEnabled(level)) log.writeMembers(level, requestMembers(requestLine(exchange, tookMs)), 'request');
    },
  };
}

function requestLine(exchange: Exchange, tookMs: number): RequestLine {
  const { method, path, response, trace, remoteAddress, reasons } = exchange;
  return {
    method,
    path: path.slice(0, maxLoggedPath),
    status: response.statusCode,
    ms: Math.round(tookMs * 10) / 10,
    trace: trace.traceId,
    client: remoteAddress,
    refused: reasons,
    isCut: !response.writableFinished,
  };
}

/** A handler that gave up because its caller had left. Any other error of such a handler is as real as ever. */
function isAbort({ abort }: Exchange, error: Error): boolean {
  return abort.signal.aborted && error.cause instanceof Error && error.cause.name === 'AbortError';
}
