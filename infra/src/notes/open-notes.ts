import { openRequest } from '@sallyport/auth';
import { testAuthority, testGates, virtualTime, type UserToken } from '@sallyport/auth/testing';
import { denialAnswerOf } from '@sallyport/auth/trpc';
import { createNotes } from './notes.ts';
import { notesRouter, sealed } from './router.ts';
import { createCallerFactory } from './trpc.ts';

const createCaller = createCallerFactory(notesRouter);
type Path = 'list' | 'publish' | 'total' | 'removeAll';

/** This service behind its own gates, beside an authority in memory: no network, and time stands still unless it is moved. */
export async function openNotes({ skewSeconds = 0 } = {}) {
  const clock = virtualTime();
  const authority = await testAuthority(clock);
  // Gates whose calendar differs from the authority's, when a test wants it.
  const here = { ...authority, clock: { ...clock, epochSeconds: () => clock.epochSeconds() + skewSeconds } };
  const { gates, revocations, decisions } = await testGates(here, 'notes');
  const notes = createNotes();

  /** What a caller of `path` hears: `done`, or the public word of the denial. */
  async function hear(path: Path, token?: string): Promise<string> {
    const sent = new Map([
      ['Idempotency-Key', 'k-1'],
      ...(token === undefined ? [] : ([['Authorization', `Bearer ${token}`]] as const)),
    ]);
    const headers = (name: string) => [sent.get(name) ?? []].flat();
    const request = openRequest({ gates, headers, tiers: [sealed.tiers.get(path) ?? 'regulatedAction'], clock });
    try {
      await createCaller({ request, notes })[path]();
      return 'done';
    } catch (error) {
      const denial = error instanceof Error ? denialAnswerOf(error) : undefined;
      if (denial === undefined) throw error;
      return denial.reason;
    }
  }

  return {
    authority,
    clock,
    hear,
    /** Why the last call was decided as it was: for the log, never for the caller. */
    lastOutcome: () => decisions.at(-1)?.outcome,
    lastEvidence: () => decisions.at(-1)?.evidence,
    /** A good token of Ada's for this service, with changes. */
    token: (changes: Partial<UserToken> = {}) =>
      authority.userToken({
        audience: 'notes',
        scope: 'notes:read notes:write',
        subject: 'ada',
        session: '7.ada',
        ...changes,
      }),
    close: revocations.close,
  };
}
