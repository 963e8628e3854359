import { readTrace, type HeaderValues, type Trace } from '@sallyport/auth';

/** Something that took its time for a request. Holds what our own code says of it, and nothing that a caller sent. */
export type Span = Readonly<{
  name: string;
  kind: 'server' | 'client' | 'internal';
  trace: Trace;
  /** Of `performance.now()`. */
  startedAtMs: number;
  endedAtMs: number;
  attributes: Readonly<Record<string, string | number>>;
  /** Through no fault of whoever asked. */
  isFailed: boolean;
}>;

/** Who records what requests did, of those that are chosen: the trace says whether its request is. */
export type Tracing = Readonly<{
  /** Continues the trace that the values of `traceparent` name, or begins one, and chooses. */
  readTrace: (values: ReturnType<HeaderValues>) => Trace;
  /** Takes a span of a chosen request. Never throws, and waits for nobody. */
  record: (span: Span) => void;
  /** The same `fetch`, whose calls are spans of the trace that they carry on. */
  fetch: (inner: typeof fetch) => typeof fetch;
}>;

/** Traces are named and carried on, for the log, and nothing is recorded. */
export const noTracing: Tracing = { readTrace, record: () => {}, fetch: (inner) => inner };
