import { createTRPCClient, httpLink, TRPCClientError } from '@trpc/client';
import type { NotesRouter } from './router.ts';

/** `token` is asked before each request, so that a step-up or a refresh shows at once. One call per request. */
export function createNotesClient(url: string, token: () => string | undefined) {
  return createTRPCClient<NotesRouter>({
    links: [
      httpLink({
        url,
        headers: ({ op }) => ({
          ...(token() !== undefined && { authorization: `Bearer ${token()}` }),
          ...(typeof op.context['idempotencyKey'] === 'string' && { 'idempotency-key': op.context['idempotencyKey'] }),
        }),
      }),
    ],
  });
}

/** What the service asked for; its members come typed from the router's error formatter. */
export type Challenge = Readonly<{ acrValues: readonly string[]; maxAgeSeconds: number; scope: string }>;

/** Runs a call; when it is answered with a step-up, has the user step up, and runs it once more, with the same key. */
export async function withStepUp<Answer>(
  call: (context: { idempotencyKey: string }) => Promise<Answer>,
  stepUp: (challenge: Challenge) => Promise<void>,
): Promise<Answer> {
  const context = { idempotencyKey: crypto.randomUUID() };
  try {
    return await call(context);
  } catch (error) {
    const challenge = challengeOf(error);
    if (challenge === undefined) throw error;
    await stepUp(challenge);
    return call(context);
  }
}

function challengeOf(error: unknown): Challenge | undefined {
  return isNotesError(error) ? error.data?.challenge : undefined;
}

function isNotesError(error: unknown): error is TRPCClientError<NotesRouter> {
  return error instanceof TRPCClientError;
}
