import type { Standing } from './authorize.ts';
import { readAuthorization, type Authorization } from './bearer-token.ts';
import { systemClock, type Clock, type Moment } from './clock.ts';
import { readConsistencyHeader, type ConsistencyHeader } from './consistency-token.ts';
import type { Asking, Gates } from './gates.ts';
import type { PolicySource } from './policy.ts';
import { hopHeaders, readTransactionHeader, type TransactionHeader } from './propagation.ts';
import { requestPolicy, type RequestPolicy } from './request-policy.ts';
import type { Sender } from './sender.ts';
import { readTrace, type Trace } from './trace.ts';
import { strictestTier, type TrustTier } from './trust-tier.ts';

/** All values of a request header, each header line by itself: two `Authorization` headers must be seen as two. */
export type HeaderValues = (name: string) => readonly string[];

/** One HTTP request, which may carry several calls. Made once, before any of them runs. */
export type RequestContext = Readonly<{
  authorization: Authorization;
  transaction: TransactionHeader;
  /** What the transport knows of the sender. Without it, no token that is bound to one is believed. */
  sender: Sender | undefined;
  /** Values of the `DPoP` header (RFC 9449 §4.1). */
  proofs: readonly string[];
  /** The state that no answer to this request may be older than. */
  consistency: ConsistencyHeader;
  idempotencyKeys: readonly string[];
  /** The strictest tier among the calls: it decides for all of them, once. */
  tier: TrustTier;
  calls: number;
  trace: Trace;
  /** Milliseconds until the caller stops waiting; never below 0. */
  remainingMs: () => number;
  /** Aborts when the caller goes away. */
  signal: AbortSignal;
  gates: Gates;
  /**
   * What the gates say of the caller, asked at most once per request and kind of caller. At once where nobody is to be waited for. The
   * answer to a `wish` is one call's alone: throws when the caller was asked about before. `moment`: now, if it was just read.
   */
  standing: (carriedBy: 'bearer' | 'transaction', asking?: Asking) => Standing | Promise<Standing>;
  /**
   * For a regulated call, before it asks for the standing: the answer about its caller and the idempotency key are its own. Throws when
   * another regulated call took them, or the caller was asked about before.
   */
  takeAlone: () => void;
  /** Resource rules, of one version for the whole request. */
  policy: RequestPolicy;
}>;

/** What an HTTP adapter knows about a request. `timeoutMs` in milliseconds. */
export type RequestOptions = Readonly<{
  gates: Gates;
  headers: HeaderValues;
  /** What a token that is bound to its sender is held against. Without it, none is believed. */
  sender?: Sender;
  /** Tier of each call in the request. */
  tiers: readonly TrustTier[];
  /** Without it, every question about a resource is answered "unknown". */
  policy?: PolicySource;
  /** Where the request stands in a trace. Default: what its `traceparent` header says, or a new one. */
  trace?: Trace;
  signal?: AbortSignal;
  /** Milliseconds a request may take when its caller names no less. Default 10,000. */
  timeoutMs?: number;
  clock?: Clock;
}>;

/**
 * Makes the context of one HTTP request, for `createContext`. Reads headers only, and asks nobody: the gates are asked when the
 * first procedure with a tier runs, once for all calls of the request. Never throws: a malformed header is refused by the tier.
 *
 * Not checked: the method, the origin, the size of the body. They are the HTTP adapter's.
 */
export function openRequest(options: RequestOptions): RequestContext {
  const clock = options.clock ?? systemClock;
  const { gates, headers, tiers } = options;
  const timeoutMs = Math.min(options.timeoutMs ?? 10_000, readTimeout(headers(hopHeaders.timeout)));
  const opened: Moment = { clock, monotonicMs: clock.monotonicMs() };
  const endsAtMs = opened.monotonicMs + timeoutMs;
  let asBearer: Standing | Promise<Standing> | undefined;
  let asTransaction: Standing | Promise<Standing> | undefined;
  let isTaken = false;

  const request: RequestContext = {
    authorization: readAuthorization(headers('Authorization')),
    transaction: readTransactionHeader(headers(hopHeaders.transaction)),
    sender: options.sender,
    proofs: headers('DPoP'),
    consistency: readConsistencyHeader(headers(hopHeaders.consistency)),
    idempotencyKeys: headers('Idempotency-Key'),
    tier: strictestTier(tiers),
    calls: tiers.length,
    trace: options.trace ?? readTrace(headers(hopHeaders.trace)),
    remainingMs: () => Math.max(0, endsAtMs - clock.monotonicMs()),
    signal: options.signal ?? new AbortController().signal,
    gates,
    standing: (carriedBy, asking) => {
      if (carriedBy === 'transaction') return (asTransaction ??= gates.examine(request, carriedBy));
      if (asking?.wish !== undefined && asBearer !== undefined)
        throw new Error('A call that carries its caller on needs a request of its own: open another context for it.');
      return (asBearer ??= gates.examine(request, carriedBy, asking));
    },
    takeAlone: () => {
      if (isTaken || asBearer !== undefined)
        throw new Error('A regulated call needs a request of its own: open another context for it.');
      isTaken = true;
    },
    policy: requestPolicy(options.policy, opened),
  };
  return request;
}

// A malformed timeout is no timeout of the caller's: ours still holds.
function readTimeout(values: readonly string[]): number {
  const [value, second] = values;
  return value !== undefined && second === undefined && /^[1-9][0-9]{0,6}$/.test(value) ? Number(value) : Infinity;
}
