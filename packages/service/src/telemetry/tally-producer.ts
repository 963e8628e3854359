import { ValueType, type Attributes } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import type { CountedSeries, Label, MeasuredSeries, Series } from './tallies.ts';

/** Hands tallies over when OpenTelemetry's reader asks, as its own instruments would be. What never happened has no line. */
export function tallyProducer(series: readonly Series[]): MetricProducer {
  const resource = resourceFromAttributes({});
  const scope = { name: 'sallyport' };
  const metrics = () => series.filter(({ cells }) => cells.length > 0).map(metricData);
  return {
    collect: async () => ({ resourceMetrics: { resource, scopeMetrics: [{ scope, metrics: metrics() }] }, errors: [] }),
  };
}

function metricData(series: Series): MetricData {
  const { name, description } = series;
  const head = {
    descriptor: { name, description, unit: '', valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  if (series.kind === 'measure')
    return { ...head, dataPointType: DataPointType.HISTOGRAM, dataPoints: spreads(series) };
  return { ...head, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints: sums(series) };
}

const sums = ({ cells, labelNames }: CountedSeries) =>
  cells.map(({ labels, value }) => ({ ...always, attributes: attributesOf(labelNames, labels), value: value.count }));

const spreads = ({ cells, labelNames, bounds }: MeasuredSeries) =>
  cells.map(({ labels, value: { sum, counts } }) => ({
    ...always,
    attributes: attributesOf(labelNames, labels),
    value: {
      sum,
      count: counts.reduce((all, some) => all + some, 0),
      buckets: { boundaries: [...bounds], counts: [...counts] },
    },
  }));

/** Prometheus' text has no times: whoever reads it has a clock. */
const always = { startTime: [0, 0] as [number, number], endTime: [0, 0] as [number, number] };

function attributesOf(names: readonly string[], labels: readonly Label[] | undefined): Attributes {
  if (labels === undefined) return { 'otel.metric.overflow': true };
  return Object.fromEntries(names.map((name, index) => [name, labels[index]]));
}
