import type { StepUpChallenge } from '@sallyport/auth';
import { TRPCError } from '@trpc/server';
import { getHTTPStatusCodeFromError } from '@trpc/server/http';
import type { TRPC_ERROR_CODE_KEY } from '@trpc/server/rpc';

export type InputIssue = Readonly<{ path: string; message: string }>;

/** Everything about an error that may leave the service. */
export type PublicError = Readonly<{
  code: TRPC_ERROR_CODE_KEY;
  httpStatus: number;
  /** Stable, snake_case; what programs branch on. */
  reason: string;
  /** Fixed sentence; never built from input or from an inner error. */
  message: string;
  challenge?: StepUpChallenge;
  issues?: readonly InputIssue[];
  /** Said in the header `Retry-After`. */
  retryAfterSeconds?: number;
}>;

/** The cause of every error that a service meant to send. An error without it is answered by its class alone. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly publicError: PublicError;

  constructor(publicError: PublicError) {
    super(publicError.message);
    this.publicError = publicError;
  }
}

export type BusinessRefusal = Readonly<{
  code: TRPC_ERROR_CODE_KEY;
  /** Stable, snake_case. Part of the service's contract. */
  reason: string;
  /** Fixed sentence for people. Put nothing into it that the caller sent. */
  message: string;
}>;

/**
 * Ends the call with a refusal that the caller is meant to see. It throws by itself, so that a forgotten `throw` cannot
 * turn a "no" into a "yes"; `throw refuse(…)` reads well and does the same.
 */
export function refuse(refusal: BusinessRefusal): never {
  const { code, reason, message } = refusal;
  const httpStatus = getHTTPStatusCodeFromError(new TRPCError({ code }));
  throw refusalError({ code, reason, message, httpStatus });
}

/** A refusal of the service's own edge, with its fixed status and sentence. */
export function refuseRequest(reason: RequestReason): never {
  throw refusalError(requestError(reason));
}

/** "Not known right now", which is never a "no". */
export function refuseUnavailable(): never {
  refuseRequest('temporarily_unavailable');
}

/** "Not now, but in so many seconds": the caller asked too often, or there is no room for more. */
export function refuseForNow(
  reason: 'too_many_requests' | 'temporarily_unavailable',
  retryAfterSeconds: number,
): never {
  throw refusalError({ ...requestError(reason), retryAfterSeconds });
}

export function requestError(reason: RequestReason): PublicError {
  const [code, httpStatus, message] = requestReasons[reason];
  return { code, httpStatus, reason, message };
}

function refusalError(publicError: PublicError): TRPCError {
  return new TRPCError({ code: publicError.code, message: publicError.message, cause: new Refusal(publicError) });
}

/** Each class of error that is not a business refusal: tRPC code, status, fixed sentence. */
const requestReasons = {
  invalid_request: ['BAD_REQUEST', 400, 'The request is malformed.'],
  invalid_input: ['BAD_REQUEST', 400, 'The input is not valid.'],
  too_many_calls: ['BAD_REQUEST', 400, 'The batch holds too many calls.'],
  unauthenticated: ['UNAUTHORIZED', 401, 'Sign in to do this.'],
  access_denied: ['FORBIDDEN', 403, 'This caller may not do this.'],
  not_found: ['NOT_FOUND', 404, 'There is nothing here.'],
  method_not_allowed: ['METHOD_NOT_SUPPORTED', 405, 'This method is not supported here.'],
  request_timeout: ['TIMEOUT', 408, 'The request took too long.'],
  conflict: ['CONFLICT', 409, 'The request conflicts with the current state.'],
  precondition_failed: ['PRECONDITION_FAILED', 412, 'A condition of the request does not hold.'],
  payload_too_large: ['PAYLOAD_TOO_LARGE', 413, 'The request body is too large.'],
  uri_too_long: ['BAD_REQUEST', 414, 'The address is too long.'],
  unsupported_media_type: ['UNSUPPORTED_MEDIA_TYPE', 415, 'This content type is not supported here.'],
  unprocessable: ['UNPROCESSABLE_CONTENT', 422, 'The request cannot be carried out as it stands.'],
  too_many_requests: ['TOO_MANY_REQUESTS', 429, 'Too many requests. Try again later.'],
  headers_too_large: ['BAD_REQUEST', 431, 'The request headers are too large.'],
  internal: ['INTERNAL_SERVER_ERROR', 500, 'Something went wrong here. It has been noted.'],
  temporarily_unavailable: ['SERVICE_UNAVAILABLE', 503, 'This is not available right now. Try again shortly.'],
} as const satisfies Record<string, readonly [TRPC_ERROR_CODE_KEY, number, string]>;

export type RequestReason = keyof typeof requestReasons;

/** The reason of a tRPC error that carries none of its own. */
export const reasonOfCode: Readonly<Record<TRPC_ERROR_CODE_KEY, RequestReason>> = {
  PARSE_ERROR: 'invalid_request',
  BAD_REQUEST: 'invalid_request',
  UNAUTHORIZED: 'unauthenticated',
  PAYMENT_REQUIRED: 'unprocessable',
  FORBIDDEN: 'access_denied',
  NOT_FOUND: 'not_found',
  METHOD_NOT_SUPPORTED: 'method_not_allowed',
  TIMEOUT: 'request_timeout',
  CLIENT_CLOSED_REQUEST: 'request_timeout',
  CONFLICT: 'conflict',
  PRECONDITION_FAILED: 'precondition_failed',
  PRECONDITION_REQUIRED: 'precondition_failed',
  PAYLOAD_TOO_LARGE: 'payload_too_large',
  UNSUPPORTED_MEDIA_TYPE: 'unsupported_media_type',
  UNPROCESSABLE_CONTENT: 'unprocessable',
  TOO_MANY_REQUESTS: 'too_many_requests',
  INTERNAL_SERVER_ERROR: 'internal',
  NOT_IMPLEMENTED: 'internal',
  BAD_GATEWAY: 'temporarily_unavailable',
  SERVICE_UNAVAILABLE: 'temporarily_unavailable',
  GATEWAY_TIMEOUT: 'temporarily_unavailable',
};
