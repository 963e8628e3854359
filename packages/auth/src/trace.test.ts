import { expect, test } from 'vitest';
import { childTrace, readTrace, writeTrace } from './trace.ts';

test('traces that begin here have ids of the standard, none of them twice', () => {
  const traces = Array.from({ length: 2000 }, () => readTrace([]));
  for (const { traceId, spanId, parentSpanId, sampled } of traces) {
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(spanId).toMatch(/^[0-9a-f]{16}$/);
    expect([parentSpanId, sampled]).toEqual([undefined, true]);
  }
  const halves = traces.flatMap(({ traceId, spanId }) => [traceId.slice(0, 16), traceId.slice(16), spanId]);
  expect(new Set(halves).size).toBe(halves.length);
});

test('a trace that is carried on keeps its id and gets a span of its own at each step', () => {
  const begun = readTrace([]);
  const carried = readTrace([writeTrace(begun)]);
  const child = childTrace(carried);
  expect(carried).toMatchObject({ traceId: begun.traceId, parentSpanId: begun.spanId, sampled: true });
  expect(child).toMatchObject({ traceId: begun.traceId, parentSpanId: carried.spanId, sampled: true });
  expect(new Set([begun.spanId, carried.spanId, child.spanId]).size).toBe(3);
});
