import type { Standing } from './authorize.ts';
import type { RequestContext } from './request-context.ts';

/** What the transaction token for the next hop shall say: its scope, space-separated, and what is being done (`tctx`). */
export type OnwardWish = Readonly<{ scope: string; context: Readonly<Record<string, string>> }>;

/** With the caller's access token as it reached this service: nobody is carried on by a service that they did not call. */
export type OnwardQuestion = OnwardWish & Readonly<{ token: string }>;

/** `refused`: an error code of RFC 6749 §5.2 or RFC 8693 §2.2.2. */
export type OnwardAnswer = Readonly<{ transaction: string }> | Readonly<{ refused: string }>;

/** How a procedure carries its caller on to the next service. */
export type OnwardAccess = Readonly<{
  /** Of the transaction token, space-separated. */
  scope: string;
  /**
   * What is being done, from the input as it was sent: nobody has checked it. `undefined` when it makes no sense. Never throws.
   * At most 16 texts of 256 characters by names of 64, and 16 kB as JSON together with the caller's token, else nobody carries the caller
   * on (`invalid_request`).
   */
  context: (input: unknown) => OnwardWish['context'] | undefined;
}>;

const answered = Symbol('answered');

/**
 * The leave to call on in the name of this request's caller: the request and its transaction token, in one. Only the gate makes one, so a
 * token cannot be joined to another request's trace and deadline. The token is not among what logs and JSON show.
 */
export type Onward = Readonly<{ [answered]: OnwardAnswer; request: RequestContext }>;

/** For the gate alone, as the next one: what the authority is to be asked for. Whatever is wrong with the input is told to those who are let in. */
export async function wishOf(
  { scope, context }: OnwardAccess,
  getRawInput: () => Promise<unknown>,
): Promise<OnwardWish | undefined> {
  const told = context(await getRawInput().catch(() => undefined));
  return told && { scope, context: told };
}

/** The leave of a caller who was let in on this standing. */
export function onwardOf(request: RequestContext, standing: Standing): Onward | undefined {
  if (standing.kind !== 'known' || standing.evidence !== 'fresh' || standing.onward === undefined) return undefined;
  const leave = Object.defineProperty({ [answered]: standing.onward, request }, answered, { enumerable: false });
  return Object.freeze(leave);
}

/** What the authority answered, for whoever calls the next service. It goes into the `Txn-Token` header, and nowhere else. */
export function openOnward(onward: Onward): OnwardAnswer {
  return onward[answered];
}

/** Whether somebody else's object is an answer. */
export function isOnwardAnswer(answer: unknown): answer is OnwardAnswer {
  if (typeof answer !== 'object' || answer === null) return false;
  const { transaction, refused }: { transaction?: unknown; refused?: unknown } = answer;
  const text = transaction ?? refused;
  return typeof text === 'string' && text !== '';
}
