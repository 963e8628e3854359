import { childTrace, type Decision } from '@sallyport/auth';
import type { Exchange } from '../http-exchange.ts';
import { stageOf } from './meters.ts';
import type { Span } from './tracing.ts';

/** A request that is over. `path`: what it is counted as. */
export type FinishedRequest = Readonly<{ path: string; tookMs: number }>;

export function requestSpan(exchange: Exchange, { path, tookMs }: FinishedRequest): Span {
  const { method, response, trace, startedAtMs, reasons } = exchange;
  return {
    name: `${method} ${path}`,
    kind: 'server',
    trace,
    startedAtMs,
    endedAtMs: startedAtMs + tookMs,
    attributes: {
      'http.request.method': method,
      'http.route': path,
      'http.response.status_code': response.statusCode,
      ...(reasons.length > 0 && { 'sallyport.refused': [...new Set(reasons)].join(' ') }),
    },
    isFailed: response.statusCode >= 500,
  };
}

/** The gate, and what was waited for at it. */
export function decisionSpan(decision: Decision): Span {
  const { tier, path, outcome, evidence = 'none', trace, tookMs } = decision;
  const endedAtMs = performance.now();
  return {
    name: `gate ${tier}`,
    kind: 'internal',
    trace: childTrace(trace),
    startedAtMs: endedAtMs - tookMs,
    endedAtMs,
    attributes: {
      'sallyport.path': path,
      'sallyport.tier': tier,
      'sallyport.outcome': outcome,
      'sallyport.evidence': evidence,
      'sallyport.stage': stageOf(decision),
    },
    isFailed: false,
  };
}
