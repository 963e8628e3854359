import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { exampleService, recordedLog } from '../example-service.ts';
import { openTelemetry } from '../index.ts';
import { openSpanReceiver } from '../testing/span-receiver.ts';
import { traceReader } from './trace-choice.ts';

const canary = 'canary3k8Zr0lyPq2v7WmUuJ9';
const beganElsewhere = (flags: '00' | '01') => {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, spanId, header: `00-${traceId}-${spanId}-${flags}` };
};

async function openTraced(name: string, endpoint: string, share = 1) {
  const said = recordedLog();
  const settings = { METRICS_HOST: '', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, TRACE_SHARE: share };
  return { said, ...(await openTelemetry(name, settings, said.log)) };
}

/** The example service with its traces; what was recorded is there when it has stopped. */
async function tracedService(share?: number) {
  const receiver = await openSpanReceiver();
  const service = await exampleService({ telemetry: await openTraced('example', receiver.url, share) });
  const recorded = async () => {
    await service.stop();
    await receiver.close();
    return receiver.spans.map(({ attributes, ...span }) => ({
      ...span,
      attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
    }));
  };
  return { service, receiver, recorded };
}

test('a request is a span that continues the trace of its caller, and its gate is a span in it', async () => {
  const { service, recorded } = await tracedService(0);
  const { traceId, spanId, header } = beganElsewhere('01');
  const token = await service.authority.userToken({ audience: 'example', scope: 'example:read' });
  const headers = { traceparent: header, authorization: `Bearer ${token}` };
  await fetch(`${service.url}/trpc/mine`, { headers }).then((response) => response.text());
  const spans = await recorded();
  const request = spans.find(({ kind }) => kind === 2);
  expect(request).toMatchObject({
    service: 'example',
    traceId,
    parentSpanId: spanId,
    name: 'GET /trpc/mine',
    status: { code: 0 },
    attributes: {
      'http.request.method': 'GET',
      'http.route': '/trpc/mine',
      'http.response.status_code': 200,
    },
  });
  expect(spans.filter(({ kind }) => kind !== 2)).toMatchObject([
    {
      traceId,
      parentSpanId: request?.spanId,
      name: 'gate authenticatedRead',
      attributes: { 'sallyport.outcome': 'admitted', 'sallyport.stage': 'local, cold' },
    },
  ]);
  const { startTimeUnixNano, endTimeUnixNano } = request ?? {};
  expect(Math.abs(Number(startTimeUnixNano) / 1e6 - Date.now())).toBeLessThan(60_000);
  expect(BigInt(endTimeUnixNano ?? 0) >= BigInt(startTimeUnixNano ?? 0)).toBe(true);
});

test('a failure of the service is a failed span; a refusal is none, and says why it was one', async () => {
  const { service, recorded } = await tracedService();
  await fetch(`${service.url}/trpc/breaks`).then((response) => response.text());
  await fetch(`${service.url}/trpc/mine`).then((response) => response.text());
  const spans = (await recorded()).filter(({ kind }) => kind === 2);
  expect(spans).toMatchObject([
    { name: 'GET /trpc/breaks', status: { code: 2 } },
    { name: 'GET /trpc/mine', status: { code: 0 }, attributes: { 'sallyport.refused': 'token_missing' } },
  ]);
});

test('what its beginner did not choose is not recorded, and is not chosen again on the way', async () => {
  const { service, recorded } = await tracedService(1);
  const { header, traceId } = beganElsewhere('00');
  await fetch(`${service.url}/trpc/hello`, { headers: { traceparent: header } }).then((response) => response.text());
  expect(service.seen[0]?.trace).toMatchObject({ traceId, sampled: false });
  expect(await recorded()).toEqual([]);
});

test('of the traces that begin here the share is chosen, by their ids alone', () => {
  const chosen = (share: number) => {
    const read = traceReader(share);
    return Array.from({ length: 4000 }, () => read([]));
  };
  expect(chosen(0).some(({ sampled }) => sampled)).toBe(false);
  expect(chosen(1).every(({ sampled }) => sampled)).toBe(true);
  const quarter = chosen(0.25);
  for (const { traceId, sampled } of quarter) {
    expect(sampled).toBe(Number.parseInt(traceId.slice(-8), 16) < 2 ** 30);
  }
  // 1000 ± 27 (one deviation): ten of them never happen.
  expect(Math.abs(quarter.filter(({ sampled }) => sampled).length - 1000)).toBeLessThan(270);
});

test('strangers cannot have more than 200 requests a second recorded by asking for it', () => {
  const clock = { nowMs: 5000 };
  const read = traceReader(0, () => clock.nowMs);
  const chosen = () => Array.from({ length: 300 }, () => read([beganElsewhere('01').header]));
  expect(chosen().filter(({ sampled }) => sampled)).toHaveLength(200);
  clock.nowMs = 6000;
  expect(chosen().filter(({ sampled }) => sampled)).toHaveLength(200);
});

test('a call of another service is a span between the two requests, and all are of one trace', async () => {
  const { service, receiver, recorded } = await tracedService(0);
  const caller = await openTraced('caller', receiver.url);
  const began = beganElsewhere('01');
  const send = caller.tracing.fetch(fetch);
  const called = await send(`${service.url}/trpc/hello?input=%7B%22name%22%3A%22${canary}%22%7D`, {
    headers: { traceparent: began.header, authorization: 'Bearer x.y' },
  });
  expect(called.status).toBe(401);
  // Nobody chose these: they go as they are.
  await send(`${service.url}/trpc/hello`, { headers: { traceparent: beganElsewhere('00').header } });
  await send(`${service.url}/trpc/hello`);
  await caller.close();
  const spans = await recorded();
  const call = spans.find(({ kind }) => kind === 3);
  expect(call).toMatchObject({
    service: 'caller',
    parentSpanId: began.spanId,
    name: 'GET /trpc/hello',
    attributes: { 'server.address': new URL(service.url).host, 'http.response.status_code': 401 },
  });
  const request = spans.find(({ kind }) => kind === 2);
  expect(request).toMatchObject({ service: 'example', parentSpanId: call?.spanId });
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([began.traceId]));
});

test('nothing that a caller sends stands in a span', async () => {
  const { service, receiver, recorded } = await tracedService();
  const headers = {
    authorization: `Bearer ${canary}`,
    cookie: canary,
    'user-agent': canary,
    tracestate: `a=${canary}`,
  };
  const input = encodeURIComponent(JSON.stringify({ name: canary }));
  await fetch(`${service.url}/${canary}?${canary}`, { headers });
  await fetch(`${service.url}/trpc/${canary}`, { headers });
  await fetch(`${service.url}/trpc/hello,${canary}?batch=1`, { headers });
  await fetch(`${service.url}/trpc/hello?input=${input}`, { headers });
  const post = { method: 'POST', body: JSON.stringify({ [canary]: canary }) };
  await fetch(`${service.url}/trpc/keep`, { ...post, headers: { 'content-type': 'application/json' } });
  expect((await recorded()).length).toBeGreaterThan(4);
  expect(receiver.bodies.join('')).not.toContain('canary');
});

test('a collector that is not there costs no request, and is said once', async () => {
  const telemetry = await openTraced('example', 'http://127.0.0.1:1');
  await using service = await exampleService({ telemetry });
  const answer = await fetch(`${service.url}/trpc/hello`);
  expect(answer.status).toBe(200);
  await service.stop();
  expect(telemetry.said.records().filter(({ msg }) => msg === 'spans not sent')).toMatchObject([{ level: 'warn' }]);
});
