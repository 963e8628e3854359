import type { StepUpChallenge } from '@sallyport/auth';
import { TRPCClientError } from '@trpc/client';

/** A failed call that would succeed after stepping up (RFC 9470). */
export type StepUpRequired = Error &
  Readonly<{ data: Readonly<{ reason: 'insufficient_user_authentication'; challenge: StepUpChallenge }> }>;

/**
 * True when the service asks for stronger or more recent authentication, and says which. The client steps up by itself
 * when it has an `onStepUp`; an application sees this error when that was declined, or was not enough.
 */
export function isStepUpRequired(error: unknown): error is StepUpRequired {
  return challengeOf(error) !== undefined;
}

/** What the service asks for, when it asks for a step-up. */
export function challengeOf(error: unknown): StepUpChallenge | undefined {
  if (reasonOf(error) !== 'insufficient_user_authentication') return undefined;
  const challenge = dataMember(error, 'challenge');
  return isChallenge(challenge) ? challenge : undefined;
}

/** The stable `reason` of a tRPC answer (`invalid_token`, `insufficient_funds` …), or undefined when there was no answer. */
export function reasonOf(error: unknown): string | undefined {
  const reason = dataMember(error, 'reason');
  return typeof reason === 'string' ? reason : undefined;
}

/** The HTTP status of a tRPC answer, or undefined when there was no readable answer. */
export function statusOf(error: unknown): number | undefined {
  const status = dataMember(error, 'httpStatus');
  return typeof status === 'number' ? status : undefined;
}

/** Statuses that mean "not now" rather than "no": 408 and 429 are the peer's clock and load, not our credentials. */
export function undecided(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}

function dataMember(error: unknown, name: string): unknown {
  if (!(error instanceof TRPCClientError)) return undefined;
  const data: unknown = error.data;
  return isRecord(data) ? data[name] : undefined;
}

function isChallenge(value: unknown): value is StepUpChallenge {
  if (!isRecord(value)) return false;
  const { acrValues, maxAgeSeconds, scope } = value;
  return (
    Array.isArray(acrValues) &&
    acrValues.every((acr) => typeof acr === 'string') &&
    typeof maxAgeSeconds === 'number' &&
    typeof scope === 'string'
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
