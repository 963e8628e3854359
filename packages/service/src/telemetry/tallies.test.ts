import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openTallies } from './tallies.ts';
import { tallyProducer } from './tally-producer.ts';

const bounds = [1, 2, 4];
const about = { name: 'sallyport_things', description: 'Things.' };
const sizes = { name: 'sallyport_sizes', description: 'Their sizes.' };
const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);

/** The same two series, counted by OpenTelemetry's own instruments. */
function openInstruments() {
  const reader = new PrometheusExporter({ preventServerStart: true });
  const meter = new MeterProvider({ readers: [reader] }).getMeter('sallyport');
  const things = meter.createCounter(about.name, { description: about.description });
  const advice = { explicitBucketBoundaries: bounds };
  const measured = meter.createHistogram(sizes.name, { description: sizes.description, advice });
  const text = async () => serializer.serialize((await reader.collect()).resourceMetrics);
  return { things, measured, text };
}

function openOurs() {
  const tallies = openTallies();
  const things = tallies.count({ ...about, labelNames: ['path', 'status'] });
  const measured = tallies.measure({ ...sizes, labelNames: ['path'], bounds });
  const producer = tallyProducer(tallies.series);
  const text = async () => serializer.serialize((await producer.collect()).resourceMetrics);
  return { things, measured, text };
}

const event = fc.record({
  path: fc.constantFrom('/a', '/b', 'a "quoted"\\ one'),
  status: fc.constantFrom(200, 404, '200'),
  // Sums of these are exact, so the order in which they are added is of no account.
  size: fc.integer({ min: 0, max: 24 }).map((quarters) => quarters / 4),
});

test('what is read is, byte for byte, what OpenTelemetry’s own instruments would have counted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event), fc.array(event), async (before, after) => {
      const [theirs, ours] = [openInstruments(), openOurs()];
      for (const events of [before, after]) {
        for (const { path, status, size } of events) {
          theirs.things.add(1, { path, status });
          theirs.measured.record(size, { path });
          ours.things(path, status);
          ours.measured(size, path);
        }
        expect(await ours.text()).toBe(await theirs.text());
      }
    }),
    { numRuns: 200 },
  );
});

test('beyond 2000 sets of labels, all further ones are counted together', async () => {
  const { things, text } = openOurs();
  for (let path = 0; path < 2100; path += 1) things(`/${path}`, 200);
  things('/0', 200);
  const lines = (await text()).split('\n').filter((line) => line.startsWith('sallyport_'));
  expect(lines).toHaveLength(2000);
  expect(lines[0]).toBe('sallyport_things_total{path="/0",status="200"} 2');
  expect(lines.at(-1)).toBe('sallyport_things_total{otel_metric_overflow="true"} 101');
});

test('what was read is not changed by what is counted later', async () => {
  const tallies = openTallies();
  const measured = tallies.measure({ ...sizes, labelNames: ['path'], bounds });
  measured(1, '/a');
  const read = await tallyProducer(tallies.series).collect();
  const before = JSON.stringify(read);
  measured(1, '/a');
  expect(JSON.stringify(read)).toBe(before);
});
