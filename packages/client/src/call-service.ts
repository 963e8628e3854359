import { hopHeaders, openOnward, writeTrace, type Onward, type RequestContext } from '@sallyport/auth';
import { createTRPCClient, httpLink, type TRPCClient, type TRPCLink } from '@trpc/client';
import type { AnyRouter } from '@trpc/server';
import { AuthorityRefused } from './authority-failure.ts';
import { addressedTo } from './http-endpoint.ts';
import { linkFetchBy } from './link-fetch.ts';
import { oneAnswerLink } from './one-answer-link.ts';
import { withHeaders } from './request-headers.ts';
import type { ServiceClient } from './service-client.ts';
import { serviceTokenLink } from './service-token-link.ts';
import type { TransactionToken } from './token-endpoint.ts';

export type CallServiceOptions = Readonly<{
  service: ServiceClient;
  /** The other service's URL, e.g. `http://localhost:4001`. */
  url: string;
  /** The other service's name, which is the audience of the token it gets from us. */
  audience: string;
  /** What this service asks for itself, apart from what the user's transaction token allows. Space-separated. */
  scope: string;
}>;

/** What crosses the hop: of the request that is being served, and the transaction token taken for it. */
export type Hop = Readonly<{
  request: Pick<RequestContext, 'trace' | 'remainingMs' | 'signal' | 'consistency'>;
  /** From `exchange` or `replace`. Left out when the call is this service's own business and no user's. */
  transaction?: TransactionToken;
}>;

/** The same behind a gate that had the leave to call on: its request and its transaction token, which cannot be had apart. */
export type OnwardHop = Readonly<{
  onward: Onward;
  /** Milliseconds that the call may take, when that is less than what is left to the request. */
  withinMs?: () => number;
}>;

/**
 * Calls another service. The client is made for one hop, so a call without trace, deadline and (in the user's name)
 * transaction token cannot be written:
 *
 *     const catalog = callService<CatalogRouter>({ service, url, audience: 'catalog', scope: 'catalog:read' });
 *     const price = await catalog({ request: ctx.request, transaction }).products.price.query({ id });
 *
 * Behind a gate that asked the authority for the token with everything else: `catalog({ onward })`, when `ctx.onward` is there.
 *
 * A call stops when its request's time is over or its caller goes away. Errors are tRPC's; `isUnavailable` tells an
 * outage from a decision. With `onward`, throws `AuthorityRefused` at once when the authority let the user in, and does not let us carry
 * them on.
 */
export function callService<Router extends AnyRouter>(
  options: CallServiceOptions,
): (hop: Hop | OnwardHop) => TRPCClient<Router> {
  const authorized = serviceTokenLink<Router>({
    tokens: options.service,
    audience: options.audience,
    scope: options.scope,
  });
  const { url, service } = options;
  const recorded = httpLink({ ...addressedTo({ url }), fetch: linkFetchBy(service.sendRecorded) });
  const plain = httpLink({ ...addressedTo({ url }), fetch: linkFetchBy(service.send) });
  return (hop) => {
    const { request, transaction } = 'onward' in hop ? carried(hop) : hop;
    const send = request.trace.sampled ? recorded : plain;
    return createTRPCClient<Router>({ links: [hopLink({ request, transaction }), authorized, send] });
  };
}

/** Trace, deadline, consistency token and transaction token, and a signal that fires when nobody waits any more. */
function hopLink<Router extends AnyRouter>({ request, transaction }: Carried): TRPCLink<Router> {
  return oneAnswerLink(async (op, send) => {
    const remainingMs = Math.floor(request.remainingMs());
    if (remainingMs < 1) throw timeIsOver();
    const headers = {
      [hopHeaders.trace]: writeTrace(request.trace),
      [hopHeaders.timeout]: String(remainingMs),
      ...(request.consistency.kind === 'token' && { [hopHeaders.consistency]: request.consistency.token }),
      ...(transaction && { [hopHeaders.transaction]: transaction }),
    };
    const late = new AbortController();
    // Not `AbortSignal.timeout`, which lives on, and goes off, when the answer has long been there.
    const timer = setTimeout(() => late.abort(timeIsOver()), remainingMs);
    const signals = [late.signal, request.signal, ...(op.signal ? [op.signal] : [])];
    return send({ ...withHeaders(op, headers), signal: AbortSignal.any(signals) }).finally(() => clearTimeout(timer));
  });
}

function timeIsOver(): DOMException {
  return new DOMException('The time for this request is over.', 'TimeoutError');
}

type Carried = Pick<Hop, 'request'> & Readonly<{ transaction?: string | undefined }>;

function carried({ onward, withinMs = () => Infinity }: OnwardHop): Carried {
  const answer = openOnward(onward);
  if ('refused' in answer) throw new AuthorityRefused(answer.refused, 400);
  const { request } = onward;
  const remainingMs = (): number => Math.min(request.remainingMs(), withinMs());
  return { request: { ...request, remainingMs }, transaction: answer.transaction };
}
