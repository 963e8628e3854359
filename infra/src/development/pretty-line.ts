import { styleText } from 'node:util';
import type { ServiceLine } from '../service-line.ts';

const colours: Readonly<Record<string, 'cyan' | 'green' | 'magenta'>> = {
  auth: 'cyan',
  catalog: 'green',
  payments: 'magenta',
};

/** One line for a person: time, service, what happened, and the fields that say more. */
export function prettyLine({ service, text, record }: ServiceLine): string {
  const name = styleText(colours[service] ?? 'cyan', service.padEnd(8));
  if (record === undefined) return `         ${name} ${text.replace(`${service}: `, '')}`;
  const { level, time, msg = '', service: _service, ...fields } = record;
  const clock = typeof time === 'string' ? time.slice(11, 19) : '        ';
  const mark = level === 'info' ? '' : `${styleText(level === 'warn' ? 'yellow' : 'red', level)} `;
  return `${styleText('dim', clock)} ${name} ${mark}${msg === 'request' ? describeRequest(fields) : `${msg}${describeFields(fields)}`}`;
}

function describeRequest({
  method,
  path,
  status,
  ms,
  trace,
  client: _client,
  ...fields
}: Readonly<Record<string, unknown>>): string {
  const code = Number(status) >= 400 ? styleText('yellow', String(status)) : String(status);
  return `${String(method)} ${String(path)} ${code} ${styleText('dim', `${String(ms)} ms${describeFields({ ...fields, trace })}`)}`;
}

function describeFields(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${key === 'err' ? describeError(value) : plain(value)}`)
    .join('');
}

function describeError(value: unknown): string {
  if (typeof value !== 'object' || value === null) return plain(value);
  const cause = 'cause' in value ? ` (${describeError(value.cause)})` : '';
  return 'message' in value ? `${plain(value.message)}${cause}` : plain(value);
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
