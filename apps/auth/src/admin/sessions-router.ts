import { makeConsistencyToken } from '@sallyport/auth';
import { refuse } from '@sallyport/service';
import * as z from 'zod';
import { cutOff } from '../revocation/cut-off.ts';
import { sessionInput } from '../sign-in/account-router.ts';
import { endAnySession } from '../sign-in/sessions.ts';
import { router } from '../trpc.ts';
import { adminChange, adminRead, because, reasonOf, clientId, pageLimit, subject } from './admin-gate.ts';
import { findSessions } from './find-sessions.ts';

/** Everybody's sessions: which there are, and ending one, or all. */
export const adminSessionsRouter = router({
  list: adminRead()
    .input(
      z.strictObject({
        subject: subject.optional(),
        client: clientId.optional(),
        before: z.int().positive().optional(),
        limit: pageLimit,
      }),
    )
    .query(async ({ ctx: { authority }, input }) => ({ sessions: await findSessions(authority, input) })),

  end: adminChange('operator')
    .input(sessionInput.extend({ because }))
    .mutation(async ({ ctx: { authority, principal }, input }) => {
      const position = await endAnySession(authority, input.session, reasonOf(principal, input.because));
      if (position !== undefined) return { ended: true, consistencyToken: makeConsistencyToken(position) };
      return refuse({ code: 'NOT_FOUND', reason: 'no_such_session', message: 'There is no such session.' });
    }),

  /** A panic lever: ends every session that anybody has begun so far, the caller's own among them. */
  endEveryones: adminChange('operator')
    .input(z.strictObject({ because }))
    .mutation(async ({ ctx: { authority, principal }, input }) => {
      const { position } = await cutOff(authority, { kind: 'everyone' }, reasonOf(principal, input.because));
      return { ended: true, consistencyToken: makeConsistencyToken(position) };
    }),
});
