import type { DenialAnswer, StepUpChallenge } from '@sallyport/auth';
import { DenialError, denialAnswerOf, gravestDenial } from '@sallyport/auth/trpc';
import { TRPCError } from '@trpc/server';
import { TRPC_ERROR_CODES_BY_KEY, type TRPC_ERROR_CODE_NUMBER } from '@trpc/server/rpc';
import { z } from 'zod';
import { Refusal, reasonOfCode, requestError, type InputIssue, type PublicError } from './refusal.ts';

/** Reads what may leave the service out of an error. Anything that was not meant to be seen becomes its class. */
export function publicErrorOf(error: unknown): PublicError {
  if (!(error instanceof TRPCError)) return requestError('internal');
  if (error.cause instanceof Refusal) return error.cause.publicError;
  const denied = denialAnswerOf(error);
  if (denied !== undefined) return publicDenial(error.code, denied);
  if (error.code === 'BAD_REQUEST' && error.cause instanceof z.core.$ZodError) {
    return { ...requestError('invalid_input'), issues: readIssues(error.cause) };
  }
  return requestError(reasonOfCode[error.code]);
}

function publicDenial(code: TRPCError['code'], denied: DenialAnswer): PublicError {
  const { status, reason, message, challenge } = denied;
  return { code, httpStatus: status, reason, message, ...(challenge && { challenge }) };
}

/** The reason for the log: of a denial the inner one, which the caller does not get to hear. */
export function loggedReason(error: unknown): string {
  const cause = error instanceof TRPCError ? error.cause : undefined;
  return cause instanceof DenialError ? cause.denial.reason : publicErrorOf(error).reason;
}

const maxIssues = 20;

// Field names come from the caller as well, and some of zod's sentences quote them: only plain ones are repeated.
function readIssues(error: z.core.$ZodError): InputIssue[] {
  return error.issues
    .flatMap((issue) => {
      if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, message: issue.message }];
      return issue.keys.map((key) => ({ path: [...issue.path, key], message: 'Unknown field.' }));
    })
    .slice(0, maxIssues)
    .map(({ path, message }) => ({ path: path.map(plainName).join('.'), message }));
}

/** A longer name than any of ours could be a secret that went astray: logs leave such texts out as well. */
function plainName(step: PropertyKey): string {
  const name = String(step);
  return /^[A-Za-z0-9_-]{1,39}$/.test(name) ? name : '?';
}

export type ErrorShape = {
  message: string;
  code: TRPC_ERROR_CODE_NUMBER;
  data: {
    code: PublicError['code'];
    httpStatus: number;
    reason: string;
    challenge?: StepUpChallenge;
    issues?: readonly InputIssue[];
  };
};

/** The one JSON shape of every error, inside tRPC and outside. */
export function errorShape(error: PublicError): ErrorShape {
  const { code, httpStatus, reason, message, challenge, issues } = error;
  return {
    message,
    code: TRPC_ERROR_CODES_BY_KEY[code],
    data: { code, httpStatus, reason, ...(challenge && { challenge }), ...(issues && { issues }) },
  };
}

/** For `initTRPC.create({ errorFormatter: formatError })`. */
export function formatError({ error }: { error: TRPCError }): ErrorShape {
  return errorShape(publicErrorOf(error));
}

/** Seconds. The outages this system expects (a restart, a fail-over) are shorter than a client's patience. */
const outageSeconds = 1;

const noHeaders = {};

/** The headers that the errors of a request ask for. In a batch the gravest denial decides `WWW-Authenticate`. */
export function headersOf(errors: readonly Error[]): Readonly<Record<string, string>> {
  if (errors.length === 0) return noHeaders;
  const { wwwAuthenticate, proofNonce } = gravestDenial(errors) ?? {};
  const waits = errors.map(publicErrorOf).flatMap(({ httpStatus, retryAfterSeconds }) => {
    return retryAfterSeconds ?? (httpStatus === 503 ? outageSeconds : []);
  });
  return {
    ...(wwwAuthenticate !== undefined && { 'WWW-Authenticate': wwwAuthenticate }),
    ...(proofNonce !== undefined && { 'DPoP-Nonce': proofNonce }),
    ...(waits.length > 0 && { 'Retry-After': String(Math.max(...waits)) }),
  };
}

/** For tRPC's option of the same name. `serve` sets it. */
export function responseMeta({ errors }: { errors: readonly TRPCError[] }): { headers: Headers } {
  return { headers: new Headers(headersOf(errors)) };
}
