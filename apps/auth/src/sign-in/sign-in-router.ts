import { makeConsistencyToken } from '@sallyport/auth';
import { refuse } from '@sallyport/service';
import * as z from 'zod';
import { confirmSession } from '../accounts/confirm-session.ts';
import type { Authority } from '../authority.ts';
import { findClient } from '../clients/clients.ts';
import { stepUp } from '../second-factor/step-up.ts';
import { trust } from '../trpc.ts';
import { checkCredentials, email, signUp } from './accounts.ts';
import { newPassword, triedPassword } from './passwords.ts';
import { byPassword } from './proof.ts';
import { startSession } from './sessions.ts';
import { endFamily, refreshSession, type Rotated } from './token-family.ts';
import { mintTokenSet, type TokenSet } from './token-set.ts';

const refreshToken = z.string().min(1).max(512);
export const totpCode = z.string().regex(/^[0-9]{6}$/);

/**
 * Procedures that a person's client calls before it has an access token, or with its refresh token. They stand behind
 * no gate: what is sent is itself the proof.
 */
export const signInProcedures = {
  signUp: trust
    .publicRead()
    .input(z.strictObject({ email, password: newPassword }))
    .mutation(async ({ ctx, input }) => {
      await signUp(ctx.authority, input);
      return { accepted: true };
    }),

  signIn: trust
    .publicRead()
    .input(z.strictObject({ email, password: triedPassword, clientId: z.string().min(1).max(128).default('web') }))
    .mutation(async ({ ctx: { authority, caller }, input: { clientId, ...credentials } }): Promise<TokenSet> => {
      const proven = await checkCredentials(authority, credentials);
      const client = await findClient(authority.database, clientId);
      // A service does not sign people in; it carries them.
      if (proven === undefined || client?.kind !== 'public') return refuseCredentials();
      const { subject, passwordHash } = proven;
      const started = await startSession(authority, { subject, clientId, proof: byPassword, caller });
      if (!(await confirmSession(authority, started.session, passwordHash))) return refuseCredentials();
      return mintTokenSet(authority, client, started);
    }),

  refresh: trust
    .publicRead()
    .input(z.strictObject({ refreshToken }))
    .mutation(async ({ ctx, input }) =>
      tokensFor(ctx.authority, (await refreshSession(ctx.authority, input)) ?? refuseToken()),
    ),

  stepUp: trust
    .publicRead()
    .input(z.strictObject({ refreshToken, code: totpCode }))
    .mutation(async ({ ctx, input }): Promise<TokenSet> => {
      const result = await stepUp(ctx.authority, input);
      switch (result.outcome) {
        case 'stepped up':
          return tokensFor(ctx.authority, result.rotated);
        case 'unknown token':
          return refuseToken();
        case 'no second factor':
          return refuseStepUp();
        case 'locked':
          return refuseAttempts();
        case 'wrong code':
          return refuseCode();
      }
    }),

  signOut: trust
    .publicRead()
    .input(z.strictObject({ refreshToken }))
    .mutation(async ({ ctx, input }) => {
      const { position } = await endFamily(ctx.authority, input, { because: 'signed out', actor: 'unknown' });
      return { ended: true, consistencyToken: makeConsistencyToken(position) };
    }),
};

async function tokensFor(authority: Authority, rotated: Rotated): Promise<TokenSet> {
  const client = await findClient(authority.database, rotated.session.clientId);
  return client === undefined ? refuseToken() : mintTokenSet(authority, client, rotated);
}

/** One answer for every way that signing in fails. */
function refuseCredentials(): never {
  refuse({ code: 'UNAUTHORIZED', reason: 'invalid_credentials', message: 'E-mail or password is wrong.' });
}

/** The words of the gates for a bad token: spent, unknown, ended and expired ones cannot be told apart. */
function refuseToken(): never {
  refuse({ code: 'UNAUTHORIZED', reason: 'invalid_token', message: 'The token is not accepted here.' });
}

export function refuseCode(): never {
  refuse({ code: 'BAD_REQUEST', reason: 'invalid_code', message: 'The code is wrong or was used before.' });
}

/** RFC 9470 §5: what was asked for cannot be reached, so asking again would be a loop. */
function refuseStepUp(): never {
  refuse({
    code: 'BAD_REQUEST',
    reason: 'unmet_authentication_requirements',
    message: 'This account has no second factor. Enrol one first.',
  });
}

function refuseAttempts(): never {
  refuse({
    code: 'TOO_MANY_REQUESTS',
    reason: 'too_many_attempts',
    message: 'Too many wrong codes. Try again in some minutes.',
  });
}
