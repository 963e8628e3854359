import type { HeaderValues, Sender, Trace } from '@sallyport/auth';
import type { HttpAnswer } from './http-answer.ts';
import { refuseRequest, type PublicError } from './refusal.ts';

export type HttpRequest = Readonly<{
  /** All values of a header, each header line by itself. */
  header: HeaderValues;
  /** The body, when it is `application/x-www-form-urlencoded` and names nothing twice (RFC 6749 §3.2); else refuses. */
  form: () => URLSearchParams;
  /** What stands behind the question mark, when it names nothing twice; else refuses. */
  query: () => URLSearchParams;
  remoteAddress: string;
  sender: Sender;
  /** Aborts when the caller goes away. */
  signal: AbortSignal;
  trace: Trace;
}>;

/** An endpoint outside tRPC, at exactly this path. */
export type Route = Readonly<{
  method: 'GET' | 'POST';
  path: string;
  handle: (request: HttpRequest) => Promise<HttpAnswer>;
  /** The body of an error answer, where a standard asks for its own (RFC 6749 §5.2). Default: the shape tRPC errors have. */
  errorBody?: (error: PublicError) => unknown;
}>;

export const formContentType = 'application/x-www-form-urlencoded';

export function readForm(body: string): URLSearchParams {
  const form = new URLSearchParams(body);
  const names = [...form.keys()];
  if (new Set(names).size !== names.length) refuseRequest('invalid_request');
  return form;
}
