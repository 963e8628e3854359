import { makeConsistencyToken } from '@sallyport/auth';
import { denialError } from '@sallyport/auth/trpc';
import { refuse } from '@sallyport/service';
import * as z from 'zod';
import { refuseBlocked } from '../accounts/account-procedures.ts';
import { confirmSession } from '../accounts/confirm-session.ts';
import { blockedBecause } from '../accounts/password-blocklist.ts';
import { tellOfSignUp } from '../accounts/verify-email.ts';
import type { Authority } from '../authority.ts';
import { findClient } from '../clients/clients.ts';
import { beginPasskeyAssertion, signInByPasskey } from '../passkeys/passkey-assertion.ts';
import { passkeyAssertion } from '../passkeys/passkey-forms.ts';
import { isBoundAsRegistered, keyOfCall } from '../proofs/shown-key.ts';
import { noteUse } from '../risk/suspicion.ts';
import { refusePasskey } from '../second-factor/factors-router.ts';
import { stepUp } from '../second-factor/step-up.ts';
import { trust } from '../trpc.ts';
import { checkCredentials, email, signUp } from './accounts.ts';
import { newPassword, triedPassword } from './passwords.ts';
import type { Rotated } from './presented-token.ts';
import { byPassword } from './proof.ts';
import { startSession } from './sessions.ts';
import { endFamily, refreshSession } from './token-family.ts';
import { mintTokenSet, type TokenSet } from './token-set.ts';

const refreshToken = z.string().min(1).max(512);
export const totpCode = z.string().regex(/^[0-9]{6}$/);
const recoveryCode = z.string().min(1).max(64);
const clientId = z.string().min(1).max(128).default('web');

/** What a step-up takes: whose session, which factor, and optionally the classes that the asker was told of (RFC 9470 §4). */
function shown<Factor extends z.ZodRawShape>(factor: Factor) {
  return z.strictObject({ refreshToken, acrValues: z.array(z.string().max(64)).max(8).optional(), ...factor });
}

/**
 * Procedures that a person's client calls before it has an access token, or with its refresh token. They stand behind
 * no gate: what is sent is itself the proof.
 */
export const signInProcedures = {
  signUp: trust
    .publicRead()
    .input(z.strictObject({ email, password: newPassword }))
    .mutation(async ({ ctx: { authority, caller }, input }) => {
      await authority.throttle.take('signUpFromNetwork', caller.network);
      const blocked = blockedBecause(input.password, input.email);
      if (blocked !== undefined) return refuseBlocked(blocked);
      tellOfSignUp(authority, { email: input.email, isNew: await signUp(authority, input) });
      return { accepted: true };
    }),

  signIn: trust
    .publicRead()
    .input(z.strictObject({ email, password: triedPassword, clientId }))
    .mutation(async ({ ctx, input: { clientId: through, ...credentials } }): Promise<TokenSet> => {
      const { authority, caller, request } = ctx;
      await authority.throttle.take('signInFromNetwork', caller.network);
      const keyThumbprint = await keyOfCall(authority, request);
      await authority.throttle.take('signInOfAccount', credentials.email);
      const checked = await checkCredentials(authority, credentials);
      const client = await findClient(authority.database, through);
      // A service does not sign people in; it carries them.
      if (checked.outcome === 'wrong' || client?.kind !== 'public') return refuseCredentials();
      if (checked.outcome === 'compromised') return refuseCompromised();
      if (!isBoundAsRegistered(client, keyThumbprint)) return refuseUnbound();
      const { subject, generation } = checked;
      await authority.throttle.forgive('signInOfAccount', credentials.email);
      const who = { subject, clientId: through, proof: byPassword, caller, keyThumbprint };
      const started = await startSession(authority, who);
      if (!(await confirmSession(authority, started.session, generation))) return refuseCredentials();
      return mintTokenSet(authority, client, started);
    }),

  refresh: trust
    .publicRead()
    .input(z.strictObject({ refreshToken }))
    .mutation(async ({ ctx: { authority, caller, request }, input }) => {
      await authority.throttle.take('refreshFromNetwork', caller.network);
      const keyThumbprint = await keyOfCall(authority, request);
      const rotated = await refreshSession(authority, { ...input, keyThumbprint });
      if (rotated === undefined) {
        await authority.throttle.charge('refreshFromNetwork', caller.network, 10);
        return refuseToken();
      }
      const session = await noteUse(authority, rotated.session, { caller, isProven: false });
      return tokensFor(authority, { ...rotated, session });
    }),

  /** Options for `navigator.credentials.get()`. They say nothing of anybody's account. */
  beginPasskeySignIn: trust
    .publicRead()
    .input(z.strictObject({ clientId }))
    .mutation(async ({ ctx: { authority, caller }, input }) => {
      await authority.throttle.take('signInFromNetwork', caller.network);
      return beginPasskeyAssertion(authority, { purpose: 'sign in', boundTo: input.clientId });
    }),

  signInByPasskey: trust
    .publicRead()
    .input(z.strictObject({ answer: passkeyAssertion, clientId }))
    .mutation(async ({ ctx, input: { answer, clientId: through } }): Promise<TokenSet> => {
      const { authority, caller, request } = ctx;
      await authority.throttle.take('signInFromNetwork', caller.network);
      const keyThumbprint = await keyOfCall(authority, request);
      const client = await findClient(authority.database, through);
      const signedIn = await signInByPasskey(authority, answer, through);
      if (signedIn === undefined || client?.kind !== 'public') return refusePasskey();
      if (!isBoundAsRegistered(client, keyThumbprint)) return refuseUnbound();
      const started = await startSession(authority, { ...signedIn, clientId: through, caller, keyThumbprint });
      if (!(await confirmSession(authority, started.session))) return refusePasskey();
      return mintTokenSet(authority, client, started);
    }),

  /** One second factor: a code of the authenticator app, a recovery code, or a passkey's answer. */
  stepUp: trust
    .publicRead()
    .input(z.union([shown({ code: totpCode }), shown({ recoveryCode }), shown({ passkey: passkeyAssertion })]))
    .mutation(async ({ ctx, input: { refreshToken: token, acrValues, ...factor } }): Promise<TokenSet> => {
      await ctx.authority.throttle.take('secondFactorFromNetwork', ctx.caller.network);
      const keyThumbprint = await keyOfCall(ctx.authority, ctx.request);
      const presented = { refreshToken: token, keyThumbprint };
      const result = await stepUp(ctx.authority, { ...presented, acrValues, shown: factor });
      switch (result.outcome) {
        case 'stepped up': {
          const { rotated } = result;
          const session = await noteUse(ctx.authority, rotated.session, { caller: ctx.caller, isProven: true });
          return tokensFor(ctx.authority, { ...rotated, session });
        }
        case 'unknown token':
          return refuseToken();
        case 'unmet':
        case 'not enrolled':
          return refuseStepUp();
        case 'locked':
          return refuseAttempts();
        case 'recovery required':
          return refuseUntilRecovery();
        case 'wrong':
          return 'passkey' in factor ? refusePasskey() : refuseCode();
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

/** A client that is registered for bound tokens has to show the key that they shall be bound to (RFC 9449 §5.2). */
export function refuseUnbound(): never {
  throw denialError({ reason: 'proof_missing' });
}

/** One answer for every way that signing in fails. */
function refuseCredentials(): never {
  refuse({ code: 'UNAUTHORIZED', reason: 'invalid_credentials', message: 'E-mail or password is wrong.' });
}

/** Said to whoever knows the password, which is of no use any more. */
function refuseCompromised(): never {
  refuse({
    code: 'FORBIDDEN',
    reason: 'password_compromised',
    message: 'This password is known to others. Ask for a new one by e-mail.',
  });
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
    message: 'This account has no such factor, or nothing here is that strong.',
  });
}

/** NIST SP 800-63B-4 §3.2.2: the factor is done for until its owner comes back with another one. */
function refuseUntilRecovery(): never {
  refuse({
    code: 'TOO_MANY_REQUESTS',
    reason: 'recovery_required',
    message: 'Too many wrong codes. Use a recovery code or a passkey.',
  });
}

function refuseAttempts(): never {
  refuse({
    code: 'TOO_MANY_REQUESTS',
    reason: 'too_many_attempts',
    message: 'Too many wrong codes. Try again in some minutes.',
  });
}
