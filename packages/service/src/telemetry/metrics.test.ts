import { expect, test } from 'vitest';
import { exampleService, recordedLog } from '../example-service.ts';
import { openTelemetry } from '../index.ts';

const canary = 'canary3k8Zr0lyPq2v7WmUuJ9';

/** The example service with its metrics, and a way to read them. */
async function meteredService() {
  const said = recordedLog();
  const telemetry = await openTelemetry(
    'example',
    { METRICS_PORT: 0, METRICS_HOST: '127.0.0.1', TRACE_SHARE: 0 },
    said.log,
  );
  const metricsUrl = String(said.records()[0]?.['url']);
  const readings = () => ({ feedSilenceMs: 1500, policyVersion: 7 });
  const service = await exampleService({ telemetry, readings });
  const metrics = async (): Promise<string> => (await fetch(metricsUrl)).text();
  const call = async (path: string, init?: RequestInit): Promise<number> => {
    const response = await fetch(`${service.url}${path}`, init);
    await response.arrayBuffer();
    return response.status;
  };
  return { service, metricsUrl, metrics, call, [Symbol.asyncDispose]: service.stop };
}

/** The value of one line, and 0 where there is none. */
function valueOf(metrics: string, line: string): number {
  const found = metrics.split('\n').find((text) => text.startsWith(`${line} `));
  return Number(found?.slice(line.length) ?? 0);
}

test('requests are counted by path and status, and their times by path', async () => {
  await using metered = await meteredService();
  await metered.call('/trpc/hello');
  await metered.call('/trpc/hello');
  await metered.call('/trpc/breaks');
  await metered.call('/healthz');
  const metrics = await metered.metrics();
  expect(valueOf(metrics, 'sallyport_requests_total{path="/trpc/hello",status="200"}')).toBe(2);
  expect(valueOf(metrics, 'sallyport_requests_total{path="/trpc/breaks",status="500"}')).toBe(1);
  expect(valueOf(metrics, 'sallyport_requests_total{path="/healthz",status="200"}')).toBe(1);
  expect(valueOf(metrics, 'sallyport_request_seconds_count{path="/trpc/hello"}')).toBe(2);
  expect(valueOf(metrics, 'sallyport_request_seconds_bucket{path="/trpc/hello",le="+Inf"}')).toBe(2);
  expect(metrics).toContain('target_info{service_name="example"} 1');
});

test('decisions are counted by tier, outcome and evidence, and timed by what they rested on', async () => {
  await using metered = await meteredService();
  const { authority } = metered.service;
  const token = await authority.userToken({ audience: 'example', scope: 'example:read' });
  const session = { headers: { authorization: `Bearer ${token}` } };
  const post = { method: 'POST', headers: { 'content-type': 'application/json', ...session.headers }, body: '{}' };
  await metered.call('/trpc/hello');
  await metered.call('/trpc/mine', session);
  await metered.call('/trpc/mine', session);
  await metered.call('/trpc/mine');
  await metered.call('/trpc/pay', post);
  const metrics = await metered.metrics();
  const admitted = 'tier="authenticatedRead",outcome="admitted",evidence="local"';
  const refused = 'tier="authenticatedRead",outcome="token_missing",evidence="none"';
  const stages = ['public', 'local, cold', 'local, warm', 'refused', 'introspected'];
  expect(valueOf(metrics, `sallyport_decisions_total{${admitted}}`)).toBe(2);
  expect(valueOf(metrics, `sallyport_decisions_total{${refused}}`)).toBe(1);
  expect(stages.map((stage) => valueOf(metrics, `sallyport_decision_seconds_count{stage="${stage}"}`))).toEqual([
    1, 1, 1, 2, 0,
  ]);
});

test('what health tells as readings is there in seconds, and so is what the process takes', async () => {
  await using metered = await meteredService();
  const metrics = await metered.metrics();
  expect(valueOf(metrics, 'sallyport_feed_silence_seconds')).toBe(1.5);
  expect(valueOf(metrics, 'sallyport_policy_version')).toBe(7);
  expect(valueOf(metrics, 'process_resident_memory_bytes')).toBeGreaterThan(1e7);
  expect(valueOf(metrics, 'process_cpu_seconds_total')).toBeGreaterThan(0);
});

test('nothing that a caller sends becomes a label: unknown paths are one, batches are one, and inputs are none', async () => {
  await using metered = await meteredService();
  const input = encodeURIComponent(JSON.stringify({ name: canary }));
  const headers = { authorization: `Bearer ${canary}`, 'user-agent': canary, traceparent: canary };
  const seriesOf = (text: string) => new Set(text.match(/^sallyport_\w+\{[^}]*\}/gm));
  for (let turn = 0; turn < 3; turn += 1) {
    await metered.call(`/${canary}${turn}`);
    await metered.call(`/trpc/${canary}${turn}?input=${input}`, { headers });
    await metered.call(`/trpc/hello?input=${input}&token=${canary}`, { headers });
    await metered.call(`/trpc/hello,${canary}${turn}?batch=1`);
  }
  const metrics = await metered.metrics();
  expect(metrics).not.toContain('canary');
  expect(valueOf(metrics, 'sallyport_requests_total{path="unknown",status="404"}')).toBe(6);
  expect(metrics).toMatch(/sallyport_requests_total\{path="batch",status="\d+"\} 3/);
  // The same again adds no line.
  await metered.call(`/${canary}9`, { headers });
  await metered.call(`/trpc/hello,${canary}9?batch=1`);
  expect(seriesOf(await metered.metrics())).toEqual(seriesOf(metrics));
});

test('metrics have an address of their own, which answers nothing else and ends with the service', async () => {
  const metered = await meteredService();
  const { metricsUrl, service } = metered;
  expect((await fetch(metricsUrl)).headers.get('content-type')).toContain('text/plain');
  expect((await fetch(metricsUrl, { method: 'POST' })).status).toBe(404);
  expect((await fetch(new URL('/', metricsUrl))).status).toBe(404);
  expect((await fetch(`${service.url}/metrics`)).status).toBe(404);
  await service.stop();
  await expect(fetch(metricsUrl)).rejects.toThrow('fetch failed');
});

test('a port for metrics that is taken is said in one line', async () => {
  await using metered = await meteredService();
  const settings = {
    METRICS_PORT: Number(new URL(metered.metricsUrl).port),
    METRICS_HOST: '127.0.0.1',
    TRACE_SHARE: 0,
  };
  await expect(openTelemetry('other', settings, recordedLog().log)).rejects.toThrow(/^Port \d+ is taken.*METRICS_PORT/);
});
