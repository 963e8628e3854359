import { hopHeaders, readTrace, writeTrace } from '@sallyport/auth';
import type { Span, Tracing } from './tracing.ts';

/**
 * A `fetch` whose calls are spans of their own, when they carry on a trace that is recorded. A span says where the call went, without its
 * query, and how it was answered: never a header or a body.
 */
export function tracedFetch(inner: typeof fetch, record: Tracing['record']): typeof fetch {
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    const carried = headers.get(hopHeaders.trace);
    if (carried === null || !carried.endsWith('-01')) return inner(input, init);
    const trace = readTrace([carried]);
    headers.set(hopHeaders.trace, writeTrace(trace));
    const startedAtMs = performance.now();
    let response: Response | undefined;
    try {
      response = await inner(input, { ...init, headers });
      return response;
    } finally {
      const { pathname, host } = new URL(input instanceof Request ? input.url : input);
      const method = init?.method ?? 'GET';
      record({
        name: `${method} ${pathname}`,
        kind: 'client',
        trace,
        startedAtMs,
        endedAtMs: performance.now(),
        attributes: { ...answered(response), 'http.request.method': method, 'server.address': host },
        isFailed: response === undefined || response.status >= 500,
      });
    }
  };
}

function answered(response: Response | undefined): Span['attributes'] {
  return response === undefined ? { 'error.type': 'no_answer' } : { 'http.response.status_code': response.status };
}
