// zod/mini: this file is part of what browsers load.
import type { StepUpChallenge } from '@sallyport/auth';
import * as z from 'zod/mini';

/**
 * One second factor, as somebody shows it: a code of their authenticator app (also as text alone), a recovery code, or what
 * their passkey answered (`credential.toJSON()`).
 */
export type SecondFactor =
  | string
  | Readonly<{ code: string }>
  | Readonly<{ recoveryCode: string }>
  | Readonly<{ passkey: unknown }>;

const passkeyOptions = z.looseObject({ challenge: z.string().check(z.minLength(1)) });

/** For `PublicKeyCredential.parseRequestOptionsFromJSON()`. Good for one answer, and for this session alone. */
export type PasskeyOptions = Readonly<z.output<typeof passkeyOptions>>;

/** Throws when the authority's answer is not what a browser takes. */
export function readPasskeyOptions(answer: unknown): PasskeyOptions {
  const read = passkeyOptions.safeParse(answer);
  if (!read.success) throw new Error('The authority answered without usable options for a passkey.');
  return read.data;
}

/** What a prompt may need to ask for a factor. */
export type StepUpMeans = Readonly<{
  /** Asks the authority for a challenge to a passkey of whoever is signed in. Throws tRPC's error when there is none. */
  passkeyOptions: () => Promise<PasskeyOptions>;
}>;

/** The members of a step-up that name the factor, and the classes that the service named (RFC 9470 §4). */
export function stepUpMembers(factor: SecondFactor, { acrValues }: StepUpChallenge): Readonly<Record<string, unknown>> {
  return { ...(typeof factor === 'string' ? { code: factor } : factor), acrValues };
}
