import { parseJson } from '@sallyport/service';
import { z } from 'zod';

const logRecord = z.looseObject({ level: z.string(), msg: z.string().optional() });

export type ServiceLine = Readonly<{
  service: string;
  text: string;
  /** The line's JSON, when it is a log record. */
  record?: z.output<typeof logRecord>;
}>;

/** Reads one line of a service's output. What is not a log record (a crash of Node, say) is kept as text. */
export function readServiceLine(service: string, text: string): ServiceLine {
  const record = logRecord.safeParse(parseJson(text));
  return record.success ? { service, text, record: record.data } : { service, text };
}
