/** Where a request stands in a distributed trace (W3C Trace Context, `traceparent`). Never a credential. */
export type Trace = Readonly<{
  traceId: string;
  spanId: string;
  /** Of whoever carried the trace here. Without it, the trace began here. */
  parentSpanId?: string;
  /** Whether somebody records it. */
  sampled: boolean;
}>;

const traceparent = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Continues the caller's trace with a span of our own, or starts a new one when the header is absent or malformed. */
export function readTrace(values: readonly string[]): Trace {
  const [value, second] = values;
  const [, traceId, parentSpanId, flags] =
    value === undefined || second !== undefined ? [] : (traceparent.exec(value) ?? []);
  if (traceId === undefined || parentSpanId === undefined || flags === undefined)
    return { traceId: randomHex(16), spanId: randomHex(8), sampled: true };
  return { traceId, spanId: randomHex(8), parentSpanId, sampled: Number.parseInt(flags, 16) % 2 === 1 };
}

/** A part of what a trace stands for: the same trace, with a span of its own. */
export function childTrace({ traceId, spanId, sampled }: Trace): Trace {
  return { traceId, spanId: randomHex(8), parentSpanId: spanId, sampled };
}

/** The `traceparent` header of a call to the next service (W3C Trace Context §3.2). */
export function writeTrace(trace: Trace): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`;
}

/** Random digits in store: asking for a few bytes at a time, and writing them, costs as much as doing so for thousands. */
const storedBytes = 2048;
let stored = '';
let used = 0;

function randomHex(bytes: number): string {
  if (used + bytes * 2 > stored.length) {
    stored = hexOf(crypto.getRandomValues(new Uint8Array(storedBytes)));
    used = 0;
  }
  const from = used;
  used += bytes * 2;
  return stored.slice(from, used);
}

const digits = new TextEncoder().encode('0123456789abcdef');
const decoder = new TextDecoder();

function hexOf(bytes: Uint8Array): string {
  const text = new Uint8Array(bytes.length * 2);
  for (let index = 0; index < text.length; index += 1) {
    const byte = bytes[index >> 1] ?? 0;
    text[index] = digits[index % 2 === 0 ? byte >> 4 : byte & 15] ?? 0;
  }
  return decoder.decode(text);
}
