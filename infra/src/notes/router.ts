import { sealRouter } from '@sallyport/auth/trpc';
import * as z from 'zod';
import { router, trust } from './trpc.ts';

export const notesRouter = router({
  about: trust.publicRead().query(({ ctx }) => (ctx.principal === undefined ? 'Sign in.' : 'Your notes.')),

  list: trust.authenticatedRead({ scope: 'notes:read' }).query(({ ctx }) => ctx.notes.of(ctx.principal.user)),

  add: trust
    .standardWrite({ scope: 'notes:write' })
    .input(z.string().max(1000))
    .mutation(({ ctx, input }) => ctx.notes.add(ctx.principal, input)),

  publish: trust.privilegedWrite({ scope: 'notes:write' }).mutation(({ ctx }) => ctx.notes.publish(ctx.principal)),

  /** For who helps others: how many notes there are, and nothing of what they say. */
  total: trust.authenticatedRead({ scope: 'notes:read', role: 'support' }).query(({ ctx }) => ctx.notes.total()),

  removeAll: trust
    .regulatedAction({ scope: 'notes:write', mfaWithinSeconds: 300 })
    .mutation(({ ctx }) => ctx.notes.removeAll(ctx.principal)),
});

export type NotesRouter = typeof notesRouter;

/** Throws at start when a procedure has no tier. */
export const sealed = sealRouter(notesRouter);
