import { SpanKind, SpanStatusCode, TraceFlags, type HrTime, type SpanContext } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace';
import type { Log } from '../log.ts';
import type { Span, Tracing } from './tracing.ts';

type SpanSender = Readonly<{ record: Tracing['record']; close: () => Promise<void> }>;
type Sending = Readonly<{ service: string; /** Of a collector; `/v1/traces` is added. */ endpoint: string; log: Log }>;

const answerWithinMs = 2000;
const sendEveryMs = 1000;

/**
 * Sends spans to a collector, many at once, by OTLP over HTTP. They wait in memory, at most 2048; what comes while it is full is dropped.
 * A collector that is not there costs requests nothing. Further headers, for its own gate: `OTEL_EXPORTER_OTLP_HEADERS`.
 */
export function openSpanSender({ service, endpoint, log }: Sending): SpanSender {
  const url = `${endpoint.replace(/\/$/, '')}/v1/traces`;
  const exporter = toldOf(new OTLPTraceExporter({ url, timeoutMillis: answerWithinMs }), log);
  const processor = new BatchSpanProcessor({
    exporter,
    scheduledDelayMillis: sendEveryMs,
    exportTimeoutMillis: answerWithinMs + 500,
  });
  const resource = resourceFromAttributes({ 'service.name': service });
  return {
    record: (span) => processor.onEnd(readable(span, resource)),
    // What the collector does not take now is lost, and was told.
    close: () => processor.shutdown().catch(() => {}),
  };
}

/** Says once that the collector takes nothing, and once that it does again. */
function toldOf(inner: SpanExporter, log: Log): SpanExporter {
  let isLost = false;
  return {
    export: (spans, onResult) =>
      inner.export(spans, (result) => {
        const isFailed = result.error !== undefined;
        if (isFailed && !isLost) log.warn({ err: result.error, spans: spans.length }, 'spans not sent');
        if (!isFailed && isLost) log.info('spans are sent again');
        isLost = isFailed;
        onResult(result);
      }),
    shutdown: () => inner.shutdown(),
  };
}

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL };
const instrumentationScope = { name: 'sallyport' };

/** A span is written down when it is over, so it costs nothing before: OpenTelemetry's own are objects that live as long as the request. */
function readable({ trace, ...span }: Span, resource: ReadableSpan['resource']): ReadableSpan {
  const { traceId, spanId, parentSpanId } = trace;
  const context = (id: string): SpanContext => ({ traceId, spanId: id, traceFlags: TraceFlags.SAMPLED });
  return {
    name: span.name,
    kind: kinds[span.kind],
    spanContext: () => context(spanId),
    ...(parentSpanId !== undefined && { parentSpanContext: { ...context(parentSpanId), isRemote: true } }),
    startTime: epochTime(span.startedAtMs),
    endTime: epochTime(span.endedAtMs),
    duration: hrTime(span.endedAtMs - span.startedAtMs),
    status: { code: span.isFailed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes: span.attributes,
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function epochTime(ms: number): HrTime {
  return hrTime(performance.timeOrigin + ms);
}

function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}
