import type { Meter } from '@opentelemetry/api';
import type { ConfirmationCounts } from '@sallyport/auth';
import type { Readings } from '../health.ts';
import { stageOf, type Meters } from './meters.ts';
import type { Tallies } from './tallies.ts';

/** Seconds, from a token that is remembered to an authority that is slow. */
const decisionBounds = [5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.1, 1];
const requestBounds = [1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
const batchBounds = [1, 2, 4, 8, 16, 32, 64, 128];

/** Counts what happens in `tallies`; what others keep is looked at by OpenTelemetry's instruments, when somebody reads the metrics. */
export function openMeters(meter: Meter, tallies: Tallies): Meters {
  const count = (name: string, description: string, labelNames: string[]) =>
    tallies.count({ name: `sallyport_${name}`, description, labelNames });
  const measure = (name: string, description: string, { bounds, by }: { bounds: number[]; by: string }) =>
    tallies.measure({ name: `sallyport_${name}`, description, bounds, labelNames: [by] });

  const request = count('requests', 'Requests that are over, by path and status.', ['path', 'status']);
  const requestTime = measure('request_seconds', 'From a request to the end of its answer.', {
    bounds: requestBounds,
    by: 'path',
  });
  const decisions = count('decisions', 'Decisions of the gates.', ['tier', 'outcome', 'evidence']);
  const decisionTime = measure('decision_seconds', 'Time to decide, by what it rested on.', {
    bounds: decisionBounds,
    by: 'stage',
  });
  const batches = measure('introspection_batch_size', 'Questions in one call of the authority.', {
    bounds: batchBounds,
    by: 'outcome',
  });
  const askingTime = measure('introspection_seconds', 'Until the authority answered or failed.', {
    bounds: requestBounds,
    by: 'outcome',
  });
  const demotions = count('demotions', 'Changes in how a tier is decided.', ['tier', 'to']);
  const breaker = meter.createGauge('sallyport_breaker_open', { description: '1: the authority is not asked.' });
  breaker.record(0);

  return {
    requestDone: (path, status, seconds) => {
      request(path, status);
      requestTime(seconds, path);
    },
    decided: (decision) => {
      const { tier, outcome, evidence = 'none', tookMs } = decision;
      decisions(tier, outcome, evidence);
      decisionTime(tookMs / 1000, stageOf(decision));
    },
    asked: ({ questions, seconds, outcome }) => {
      batches(questions, outcome);
      askingTime(seconds, outcome);
    },
    demoted: ({ tier, to }) => demotions(tier, to),
    breakerTurned: ({ to }) => breaker.record(to === 'open' ? 1 : 0),
    confirmed: openConfirmations(meter),
    watch: (readings) => watchReadings(meter, readings),
  };
}

/** Counts that somebody else keeps, as they were told last: at most a minute ago. */
function openConfirmations(meter: Meter): Meters['confirmed'] {
  const description = 'Local decisions that the authority was asked about afterwards, by what came of it.';
  const confirmations = meter.createObservableCounter('sallyport_confirmations', { description });
  let last: ConfirmationCounts | undefined;
  confirmations.addCallback((result) => {
    for (const [finding, value] of Object.entries(last ?? {})) result.observe(value, { finding });
  });
  return (counts) => (last = counts);
}

function watchReadings(meter: Meter, readings: Readings): void {
  const gauges = Object.keys(readings()).map(
    (reading) =>
      [reading, meter.createObservableGauge(metricName(reading), { description: 'As /readyz tells it.' })] as const,
  );
  meter.addBatchObservableCallback(
    (result) => {
      const values = readings();
      for (const [reading, gauge] of gauges) {
        const value = values[reading];
        if (value !== undefined) result.observe(gauge, reading.endsWith('Ms') ? value / 1000 : value);
      }
    },
    gauges.map(([, gauge]) => gauge),
  );
}

/** `feedSilenceMs` is told as `sallyport_feed_silence_seconds`: Prometheus counts in seconds. */
function metricName(reading: string): string {
  const inSeconds = reading.replace(/Ms$/, 'Seconds');
  return `sallyport_${inSeconds.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
}
