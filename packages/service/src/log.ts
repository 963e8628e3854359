import { pino, type DestinationStream, type Level, type Logger } from 'pino';
import { redact, singleLine } from './redaction.ts';

export type Log = Logger;
export type LogLevel = Level | 'silent';

// Fields that hold secrets wherever they appear. They should not be logged at all; this keeps a slip harmless.
const secretFields = [
  'authorization',
  'password',
  'secret',
  'seed',
  'token',
  'accessToken',
  'refreshToken',
  'clientAssertion',
  'clientSecret',
  'clientKey',
  'privateKey',
  'jwk',
  'input',
  'params',
];

/** JSON lines, one object each, on stdout (or `destination`, for tests). Every line is redacted as a whole once more. */
export function createLog(name: string, level: LogLevel, destination: DestinationStream = pino.destination(1)): Log {
  const settings = {
    level,
    base: { service: name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
    redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`]), censor: '[redacted]' },
  };
  return pino(settings, { write: (line) => destination.write(`${singleLine(redact(line.trimEnd()))}\n`) });
}

type ErrorDescription = { type: string; message: string; code?: string; stack: string[]; cause?: ErrorDescription };

const maxMessageLength = 500;

/**
 * Type, message, code, frames and causes of an error. Other properties stay out: database drivers hang the values of the
 * failed statement on their errors, and drizzle repeats them in the message after "params:".
 */
export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error))
    return { type: typeof error, message: 'Something that is no Error was thrown.', stack: [] };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    type: error.name,
    message: (error.message.split(/\n\s*params:/, 1)[0] ?? '').slice(0, maxMessageLength),
    ...('code' in error && typeof error.code === 'string' && { code: error.code }),
    stack: frames.map((line) => line.trim()).slice(0, 15),
    ...(error.cause instanceof Error && depth < 3 && { cause: describeError(error.cause, depth + 1) }),
  };
}
