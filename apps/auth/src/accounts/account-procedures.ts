import { makeConsistencyToken } from '@sallyport/auth';
import { refuse } from '@sallyport/service';
import * as z from 'zod';
import { email, findAccount } from '../sign-in/accounts.ts';
import { newPassword, triedPassword } from '../sign-in/passwords.ts';
import { router, trust } from '../trpc.ts';
import { changePassword } from './change-password.ts';
import { blockedMessages, type Blocked } from './password-blocklist.ts';
import { requestReset, resetPassword } from './reset-password.ts';
import { mailVerification, verifyEmail } from './verify-email.ts';

const scope = 'account';
const actionToken = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** Changing a password, and getting in again without it. Whose it is comes from the gate, or from a token out of a mail. */
export const passwordRouter = router({
  change: trust
    .privilegedWrite({ scope })
    .input(
      z.strictObject({
        currentPassword: triedPassword,
        newPassword,
        /** False ends every session, this one too. */
        keepThisSession: z.boolean().default(false),
      }),
    )
    .mutation(async ({ ctx: { authority, principal }, input }) => {
      const { subject, session } = principal;
      // Only other issuers' tokens may name none, and none of them is believed here.
      if (session === undefined) throw new Error('A token of this authority names its session.');
      const changed = await changePassword(authority, { subject, session, ...input });
      switch (changed.outcome) {
        case 'changed':
          return { changed: true, consistencyToken: makeConsistencyToken(changed.position) };
        case 'blocked':
          return refuseBlocked(changed.because);
        case 'wrong password':
          return refuse({ code: 'BAD_REQUEST', reason: 'wrong_password', message: 'The current password is wrong.' });
      }
    }),

  requestReset: trust
    .publicRead()
    .input(z.strictObject({ email }))
    .mutation(async ({ ctx: { authority, caller }, input }) => {
      await authority.throttle.take('mailFromNetwork', caller.network);
      await authority.throttle.take('mailToAccount', input.email);
      requestReset(authority, input.email);
      return { accepted: true };
    }),

  reset: trust
    .publicRead()
    .input(z.strictObject({ token: actionToken, password: newPassword }))
    .mutation(async ({ ctx: { authority, caller }, input }) => {
      await authority.throttle.take('actionFromNetwork', caller.network);
      const reset = await resetPassword(authority, input);
      switch (reset.outcome) {
        case 'reset':
          return { reset: true, consistencyToken: makeConsistencyToken(reset.position) };
        case 'blocked':
          return refuseBlocked(reset.because);
        case 'unknown token':
          return refuseAction();
      }
    }),
});

/** Showing that an e-mail address is one's own. */
export const emailRouter = router({
  requestVerification: trust.standardWrite({ scope }).mutation(async ({ ctx: { authority, principal, caller } }) => {
    await authority.throttle.take('mailFromNetwork', caller.network);
    const address = (await findAccount(authority, principal.subject))?.email ?? undefined;
    if (address === undefined)
      return refuse({ code: 'CONFLICT', reason: 'no_email', message: 'This account has no e-mail address.' });
    await authority.throttle.take('mailToAccount', address);
    authority.later.run('e-mail verification', () => mailVerification(authority, { subject: principal.subject }));
    return { accepted: true };
  }),

  verify: trust
    .publicRead()
    .input(z.strictObject({ token: actionToken }))
    .mutation(async ({ ctx: { authority, caller }, input }) => {
      await authority.throttle.take('actionFromNetwork', caller.network);
      return (await verifyEmail(authority, input.token)) ? { verified: true } : refuseAction();
    }),
});

export function refuseBlocked(because: Blocked): never {
  refuse({ code: 'BAD_REQUEST', reason: `password_${because}`, message: blockedMessages[because] });
}

/** Unknown, used, expired and meant for something else: one answer. */
function refuseAction(): never {
  refuse({ code: 'BAD_REQUEST', reason: 'invalid_action', message: 'This token is not good, or was used before.' });
}
