import { pino, type Level, type Logger } from 'pino';
import { lineWriter, type LineDestination } from './line-writer.ts';
import { redact, singleLine } from './redaction.ts';
import { writeToStandardOutput } from './standard-output.ts';

export type Log = Logger & Readonly<{ writeMembers: WriteMembers }>;

/**
 * Writes a line of its own making, for what is logged all the time: `members` as JSON, each with a comma before it. It is not looked through
 * again, so every text in it that is not ours came from `shownText`.
 */
type WriteMembers = (level: 'debug' | 'info', members: string, message: string) => void;
export type LogLevel = Level | 'silent';

// Fields that hold secrets wherever they appear. They should not be logged at all; this keeps a slip harmless.
const secretFields = new Set([
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
]);

/**
 * JSON lines, one object each, on stdout (or `destination`, for tests). Many are written together, from `warn` on at once, and at the end of the
 * process what is left. Every line that pino makes is redacted as a whole once more.
 */
export function createLog(name: string, level: LogLevel, destination: LineDestination = standardOutput()): Log {
  const settings = {
    level,
    base: { service: name },
    timestamp: timeMember,
    formatters: { level: (label: string) => ({ level: label }), log: withoutSecrets },
    serializers: { err: describeError },
  };
  const stream = {
    // Has pino tell the level of each line.
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write: (line: string) => destination.write(`${singleLine(redact(line.trimEnd()))}\n`, stream.lastLevel),
  };
  const log = pino(settings, stream);
  const service = JSON.stringify(name);
  const writeMembers: WriteMembers = (ofLevel, members, message) => {
    if (!log.isLevelEnabled(ofLevel)) return;
    const line = `{"level":"${ofLevel}"${timeMember()},"service":${service}${members},"msg":"${message}"}\n`;
    destination.write(line, levels[ofLevel]);
  };
  return Object.assign(log, { writeMembers });
}

const levels = { debug: pino.levels.values['debug'] ?? 20, info: pino.levels.values['info'] ?? 30 };

let lastMs = 0;
let lastMember = '';

/** The line's time in ISO 8601. Many lines are of the same millisecond. */
function timeMember(): string {
  const nowMs = Date.now();
  if (nowMs !== lastMs) {
    lastMs = nowMs;
    lastMember = `,"time":"${new Date(nowMs).toISOString()}"`;
  }
  return lastMember;
}

let writer: ReturnType<typeof lineWriter> | undefined;

/** One writer for the process. What still waits when the process ends is written then; what a killed one had is lost. */
function standardOutput(): LineDestination {
  if (writer === undefined) {
    writer = lineWriter(writeToStandardOutput);
    process.on('exit', writer.finish);
  }
  return writer;
}

/** Fields of these names, in the record and in its members. pino's own `redact` parses its paths anew for each line. */
function withoutSecrets(record: Record<string, unknown>): Record<string, unknown> {
  return censored(record, (value) => (isPlainObject(value) ? censored(value) : value));
}

function censored(record: Record<string, unknown>, member = (value: unknown) => value): Record<string, unknown> {
  let copy: Record<string, unknown> | undefined;
  for (const name of Object.keys(record)) {
    const value = record[name];
    const shown = secretFields.has(name) ? '[redacted]' : member(value);
    if (shown !== value) (copy ??= { ...record })[name] = shown;
  }
  return copy ?? record;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Error);
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
