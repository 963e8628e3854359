import { makeConsistencyToken } from '@sallyport/auth';
import { inTransaction } from '@sallyport/db';
import { refuse } from '@sallyport/service';
import * as z from 'zod';
import { transactionLimits } from '../database.ts';
import { beginPasskeyAssertion, passkeysOf } from '../passkeys/passkey-assertion.ts';
import { passkeyRegistration } from '../passkeys/passkey-forms.ts';
import { beginRegistration, finishRegistration } from '../passkeys/passkey-registration.ts';
import { emailOf } from '../sign-in/accounts.ts';
import { router, trust } from '../trpc.ts';
import { mailFactorNews } from './factor-news.ts';
import { hasSecondFactor, listFactors, removeFactor, type FactorName } from './factors.ts';
import { demandFullSignIn } from './recent-sign-in.ts';
import { renewRecoveryCodes } from './recovery-codes.ts';

const scope = 'account';

/** A procedure of somebody whose whole sign-in is recent: what they do next decides who can sign in tomorrow. */
const changeOfFactors = () =>
  trust.privilegedWrite({ scope }).use(async function passFullSignIn({ ctx, next }) {
    const { authority, principal } = ctx;
    await demandFullSignIn(authority, principal);
    const { subject, session } = principal;
    // Only other issuers' tokens may name none, and none of them is believed here.
    if (session === undefined) throw new Error('A token of this authority names its session.');
    return next({ ctx: { own: { subject, session } } });
  });

const label = z.string().trim().min(1).max(64);

export const passkeysRouter = router({
  /** Options for `navigator.credentials.create()`. */
  beginRegistration: changeOfFactors().mutation(async ({ ctx: { authority, own } }) => {
    const name = (await emailOf(authority, own.subject)) ?? own.subject;
    const options = await beginRegistration(authority, { ...own, label: name });
    if (options !== undefined) return options;
    return refuse({ code: 'CONFLICT', reason: 'too_many_passkeys', message: 'Remove a passkey before you add one.' });
  }),

  finishRegistration: changeOfFactors()
    .input(z.strictObject({ answer: passkeyRegistration, label }))
    .mutation(async ({ ctx: { authority, own }, input }) => {
      const outcome = await finishRegistration(authority, { ...own, label: input.label }, input.answer);
      return outcome === 'registered' ? { registered: true } : refusePasskey();
    }),

  /** Options for `navigator.credentials.get()`, to be answered in this session's step-up. */
  // Not behind the fresh gate: that one may be what asks for the step-up.
  beginStepUp: trust.standardWrite({ scope }).mutation(async ({ ctx: { authority, principal } }) => {
    const own = await passkeysOf(authority.database, principal.subject);
    if (own.length === 0) return refuseNoPasskey();
    const use = { purpose: 'step up', boundTo: principal.session ?? '' } as const;
    return beginPasskeyAssertion(authority, use, own);
  }),
});

const factorName: z.ZodType<FactorName> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('totp') }),
  z.strictObject({ kind: z.literal('passkey'), id: z.string().max(1400) }),
]);

export const factorsRouter = router({
  list: trust
    .authenticatedRead({ scope })
    .query(({ ctx: { authority, principal } }) => listFactors(authority, principal.subject)),

  /** Ends all sessions of the account, the asker's among them. */
  remove: changeOfFactors()
    .input(factorName)
    .mutation(async ({ ctx: { authority, own }, input }) => {
      const position = await removeFactor(authority, own.subject, input);
      if (position !== undefined) return { removed: true, consistencyToken: makeConsistencyToken(position) };
      return refuse({ code: 'NOT_FOUND', reason: 'not_found', message: 'You have no such factor.' });
    }),

  /** Ten new recovery codes, shown this once. Those before are void. */
  renewRecoveryCodes: changeOfFactors().mutation(async ({ ctx: { authority, own } }) => {
    // Alone they would be a second password, not a second factor.
    if (!(await hasSecondFactor(authority, own.subject))) return refuseWithoutFactor();
    const at = new Date(authority.now());
    const codes = await inTransaction(authority.database, transactionLimits, (transaction) =>
      renewRecoveryCodes(transaction, { subject: own.subject, at }),
    );
    mailFactorNews(authority, 'recovery-codes.made', own.subject);
    return { codes };
  }),
});

/** One answer for every way that a passkey fails. */
export function refusePasskey(): never {
  refuse({ code: 'BAD_REQUEST', reason: 'invalid_passkey', message: 'This passkey is not accepted.' });
}

function refuseNoPasskey(): never {
  refuse({
    code: 'BAD_REQUEST',
    reason: 'unmet_authentication_requirements',
    message: 'This account has no passkey.',
  });
}

function refuseWithoutFactor(): never {
  refuse({
    code: 'CONFLICT',
    reason: 'no_second_factor',
    message: 'Recovery codes stand in for a second factor. Enrol one first.',
  });
}
