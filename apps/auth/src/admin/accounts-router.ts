import { makeConsistencyToken } from '@sallyport/auth';
import { refuse, SettingsError } from '@sallyport/service';
import * as z from 'zod';
import { disableAccount, enableAccount } from '../accounts/enabled.ts';
import { cutOff } from '../revocation/cut-off.ts';
import { email } from '../sign-in/accounts.ts';
import { changeRoles, roleNames } from '../sign-in/roles.ts';
import { router } from '../trpc.ts';
import { adminChange, adminRead, because, reasonOf, pageLimit, subject } from './admin-gate.ts';
import { findAccount, findAccounts } from './find-accounts.ts';
import { findSessions } from './find-sessions.ts';

const accountChange = z.strictObject({ subject, because });

/** People: who they are, what they may, and ending what they have begun. */
export const adminAccountsRouter = router({
  list: adminRead()
    .input(
      z.strictObject({
        email: z.string().max(254).toLowerCase().optional(),
        after: subject.optional(),
        limit: pageLimit,
      }),
    )
    .query(async ({ ctx: { authority }, input }) => ({ accounts: await findAccounts(authority.database, input) })),

  get: adminRead()
    .input(z.union([z.strictObject({ subject }), z.strictObject({ email })]))
    .query(async ({ ctx: { authority }, input }) => {
      const account = (await findAccount(authority.database, input)) ?? noSuchAccount();
      const sessions = await findSessions(authority, { subject: account.subject, limit: 100 });
      return { ...account, sessions };
    }),

  /** Ends every session that the account has begun so far. Later sign-ins are not affected: disable it for that. */
  endSessions: adminChange('operator')
    .input(accountChange)
    .mutation(async ({ ctx: { authority, principal }, input }) => {
      if ((await findAccount(authority.database, input)) === undefined) return noSuchAccount();
      const target = { kind: 'subject', subject: input.subject } as const;
      const { position } = await cutOff(authority, target, reasonOf(principal, input.because));
      return { ended: true, consistencyToken: makeConsistencyToken(position) };
    }),

  /** Ends every session of the account, and lets nobody sign in to it. */
  disable: adminChange('operator')
    .input(accountChange)
    .mutation(async ({ ctx: { authority, principal }, input }) => {
      const change = { subject: input.subject, ...reasonOf(principal, input.because) };
      const { position } = (await disableAccount(authority, change)) ?? noSuchAccount();
      return { enabled: false, consistencyToken: makeConsistencyToken(position) };
    }),

  /** Sign-ins work again. What ended stays ended. */
  enable: adminChange('administrator')
    .input(accountChange)
    .mutation(async ({ ctx: { authority, principal }, input }) => {
      const change = { subject: input.subject, ...reasonOf(principal, input.because) };
      const { position } = (await enableAccount(authority, change)) ?? noSuchAccount();
      return { enabled: true, consistencyToken: makeConsistencyToken(position) };
    }),

  /** All that somebody shall hold at an audience from now on. Ends their sessions: they sign in again with the new roles. */
  setRoles: adminChange('administrator')
    .input(accountChange.extend({ audience: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/), roles: roleNames }))
    .mutation(
      async ({ ctx: { authority, principal }, input }) =>
        (await changeRoles(authority, { ...input, ...reasonOf(principal, input.because) }).catch(refuseRoles)) ??
        noSuchAccount(),
    ),
});

/** A token that says them must fit its budget. */
function refuseRoles(error: unknown): never {
  if (!(error instanceof SettingsError)) throw error;
  return refuse({ code: 'BAD_REQUEST', reason: 'too_many_roles', message: 'A token has no room for these roles.' });
}

function noSuchAccount(): never {
  refuse({ code: 'NOT_FOUND', reason: 'no_such_account', message: 'There is no such account.' });
}
