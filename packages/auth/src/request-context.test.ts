import { expect, test } from 'vitest';
import { openRequest } from './request-context.ts';
import { heldClock, testAuthority, testGates } from './testing.ts';
import { writeTrace } from './trace.ts';

const clock = heldClock();
const { gates, revocations } = await testGates(await testAuthority(clock), 'catalog');
revocations.close();

function open(headers: Readonly<Record<string, readonly string[]>>) {
  return openRequest({ gates, clock, tiers: ['publicRead'], headers: (name) => headers[name] ?? [] });
}

test("a caller's trace goes on under a span of our own; a malformed one is replaced", () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const { trace } = open({ traceparent: [`00-${traceId}-b7ad6b7169203331-01`] });
  expect(trace.traceId).toBe(traceId);
  expect(trace.spanId).not.toBe('b7ad6b7169203331');
  expect(writeTrace(trace)).toBe(`00-${traceId}-${trace.spanId}-01`);
  for (const bad of [`00-${'0'.repeat(32)}-b7ad6b7169203331-01`, 'x', `00-${traceId}-b7ad6b7169203331-01\n`]) {
    expect(open({ traceparent: [bad] }).trace.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(open({ traceparent: [bad] }).trace.traceId).not.toBe(traceId);
  }
});

test('a trace that the transport has begun is the one of the request, whatever the header says', () => {
  const trace = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', sampled: false };
  const headers = (name: string) => (name === 'traceparent' ? [`00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`] : []);
  expect(openRequest({ gates, clock, tiers: ['publicRead'], headers, trace }).trace).toEqual(trace);
});

test('a deadline only ever shrinks, and needs no common clock', () => {
  expect(open({ 'Request-Timeout-Ms': ['250'] }).remainingMs()).toBe(250);
  expect(open({ 'Request-Timeout-Ms': ['99999'] }).remainingMs()).toBe(10_000);
  for (const bad of ['-1', '0', '1e3', 'soon', '12345678'])
    expect(open({ 'Request-Timeout-Ms': [bad] }).remainingMs()).toBe(10_000);
  const request = open({ 'Request-Timeout-Ms': ['250'] });
  clock.advance(1);
  expect(request.remainingMs()).toBe(0);
});
