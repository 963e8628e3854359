import { shownText } from './redaction.ts';

/** What the log says of a request that is over. */
export type RequestLine = Readonly<{
  method: string;
  path: string;
  status: number;
  ms: number;
  /** 32 hexadecimal digits (W3C Trace Context §3.2.2.3). */
  trace: string;
  client: string;
  /** Why its calls were refused, each reason once. */
  refused: readonly string[];
  /** Its caller had left before the answer was sent. */
  isCut: boolean;
}>;

/** For `Log.writeMembers`. Whatever a caller can choose goes through `shownText`; numbers are ours, and the grammar of a trace id is strict. */
export function requestMembers({ method, path, status, ms, trace, client, refused, isCut }: RequestLine): string {
  const asked = `,"method":${shownText(method)},"path":${shownText(path)}`;
  const answered = `,"status":${status},"ms":${ms},"trace":"${trace}","client":${shownText(client)}`;
  const reasons = refused.length > 0 ? `,"refused":[${[...new Set(refused)].map(shownText).join(',')}]` : '';
  return asked + answered + reasons + (isCut ? ',"cut":true' : '');
}
