import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { readTrace } from '@sallyport/auth';
import type { Exchange } from './http-exchange.ts';
import type { Log } from './log.ts';
import { errorShape } from './public-error.ts';
import { requestError, type PublicError } from './refusal.ts';
import { standingHeaders } from './standing-headers.ts';

type Connection = Readonly<{ socket: Duplex; exchanges: readonly Exchange[]; log: Log }>;

/** Answers what Node could not read as a request, in the shape of every other error, and closes the connection. */
export function answerUnreadable(error: Error, { socket, exchanges, log }: Connection): void {
  // While another request of this connection is being answered, anything written here would pass for its answer.
  const isBusy = exchanges.some(({ request, response }) => request.complete || response.headersSent);
  if (!socket.writable || isBusy) {
    socket.destroy();
    return;
  }
  const publicError = classify(error);
  const { traceId } = exchanges[0]?.trace ?? readTrace([]);
  log.info({ status: publicError.httpStatus, refused: [publicError.reason], trace: traceId }, 'unreadable request');
  socket.end(rawAnswer(publicError, traceId));
}

function classify(error: Error): PublicError {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'HPE_HEADER_OVERFLOW') return requestError('headers_too_large');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return requestError('request_timeout');
  return requestError('invalid_request');
}

function rawAnswer(error: PublicError, traceId: string): string {
  const body = JSON.stringify({ error: errorShape(error) });
  const length = String(Buffer.byteLength(body));
  const own = ['Content-Type', 'application/json', 'Content-Length', length, 'Connection', 'close'];
  const headers = [...standingHeaders(traceId), ...own];
  const lines = headers.flatMap((name, index) => (index % 2 === 0 ? `${name}: ${headers[index + 1]}` : []));
  return [`HTTP/1.1 ${error.httpStatus} ${STATUS_CODES[error.httpStatus]}`, ...lines, '', body].join('\r\n');
}
