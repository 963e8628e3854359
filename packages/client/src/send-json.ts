import type { HttpEndpoint } from './http-endpoint.ts';

type JsonRequest = Readonly<{
  url: string;
  headers: Readonly<Record<string, string>>;
  /** JSON. */
  body: string;
  signal: AbortSignal;
}>;

/** Sends one POST, and answers its whole answer. Rejects when there was none. Follows no redirect: it would take the token along. */
export type SendJson = (request: JsonRequest) => Promise<Readonly<{ status: number; text: string }>>;

/** By somebody's own `fetch`: with a certificate, say. */
export function sendingBy(send: HttpEndpoint['fetch']): SendJson {
  return async ({ url, ...request }) => {
    const response = await send(url, { method: 'POST', redirect: 'error', ...request });
    return { status: response.status, text: await response.text() };
  };
}

/** By undici itself, at a third of what the standard's `fetch` costs, which makes a request, a response and streams of each. */
export function sendingByUndici(): SendJson {
  // Loaded when the global `fetch` has been used, for the token: before that, it would put its own connections behind it.
  const load = () => import('undici');
  let loaded: ReturnType<typeof load> | undefined;
  return async ({ url, headers, body, signal }) => {
    const { request } = await (loaded ??= load());
    const response = await request(url, { method: 'POST', headers, body, signal });
    return { status: response.statusCode, text: await response.body.text() };
  };
}
