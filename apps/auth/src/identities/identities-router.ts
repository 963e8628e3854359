import { makeConsistencyToken } from '@sallyport/auth';
import { refuse, refuseUnavailable } from '@sallyport/service';
import * as z from 'zod';
import type { Authority } from '../authority.ts';
import { epochSeconds } from '../moments.ts';
import { keyOfCall } from '../proofs/shown-key.ts';
import { demandFullSignIn } from '../second-factor/recent-sign-in.ts';
import { refuseUnbound } from '../sign-in/sign-in-router.ts';
import type { TokenSet } from '../sign-in/token-set.ts';
import { router, trust } from '../trpc.ts';
import { beginAtProvider } from './begin-at-provider.ts';
import { completeSignIn } from './complete-sign-in.ts';
import { linkIdentity, listIdentities, unlinkIdentity } from './linked-identities.ts';
import { secretGrammar, verifierGrammar } from './one-time-code.ts';
import { checkReturnAddress } from './provider-routes.ts';

const scope = 'account';
const providerName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);
const presented = { code: z.string().regex(secretGrammar), verifier: z.string().regex(verifierGrammar) };

/** Fetches what a sign-in with a provider came to. Behind no gate: the code and the verifier are themselves the proof. */
export const providerSignIn = {
  signInFromProvider: trust
    .publicRead()
    .input(z.strictObject({ ...presented, clientId: z.string().min(1).max(128).default('web') }))
    .mutation(async ({ ctx: { authority, caller, request }, input }): Promise<TokenSet> => {
      await authority.throttle.take('providerFromNetwork', caller.network);
      const keyThumbprint = await keyOfCall(authority, request);
      const completed = await completeSignIn(authority, { ...input, caller, keyThumbprint });
      switch (completed.outcome) {
        case 'signed in':
          return completed.tokens;
        case 'unknown code':
          return refuseProviderCode();
        case 'unbound':
          return refuseUnbound();
        case 'not linked':
          return refuse({
            code: 'FORBIDDEN',
            reason: 'not_linked',
            message: 'No account is linked to this sign-in. Sign in another way, and link it.',
          });
      }
    }),
};

/** What somebody who is signed in does with their own links. Whose they are comes from the gate, never from the input. */
export const identitiesRouter = router({
  list: trust.authenticatedRead({ scope }).query(async ({ ctx: { authority, principal } }) => {
    const linked = await listIdentities(authority, principal.subject);
    return linked.map(({ issuer, linkedAt }) => ({
      /** Absent for one that the authority's configuration no longer names: nobody signs in with it. */
      provider: nameOf(authority, issuer),
      issuer,
      /** Epoch seconds. */
      linkedAt: epochSeconds(linkedAt),
    }));
  }),

  /** Answers where to send the browser. What comes back is good for `link`, in this session, and for nothing else. */
  beginLink: trust
    .privilegedWrite({ scope })
    .input(
      z.strictObject({
        provider: providerName,
        returnTo: z.string().max(2048),
        challenge: z.string().regex(secretGrammar),
      }),
    )
    .mutation(async ({ ctx: { authority, principal }, input: { returnTo, challenge, provider: name } }) => {
      const { session: linkingSession, client: clientId } = principal;
      await demandFullSignIn(authority, principal);
      const provider = authority.providers.get(name) ?? refuseProvider();
      await checkReturnAddress(authority, clientId, returnTo);
      const beginning = { provider, clientId, returnTo, challenge, linkingSession };
      const url = await beginAtProvider(authority, beginning).catch((err: unknown) => {
        authority.log.warn({ provider: name, err }, 'nobody could be sent to a provider');
        return refuseUnavailable();
      });
      return { url: url.href };
    }),

  link: trust
    .privilegedWrite({ scope })
    .input(z.strictObject(presented))
    .mutation(async ({ ctx: { authority, principal }, input }) => {
      const { subject, session = '' } = principal;
      await demandFullSignIn(authority, principal);
      const outcome = await linkIdentity(authority, { ...input, subject, session });
      if (outcome === 'unknown code') return refuseProviderCode();
      if (outcome === 'linked') return { linked: true };
      return refuse({
        code: 'CONFLICT',
        reason: 'linked_to_another_account',
        message: 'This sign-in belongs to another account.',
      });
    }),

  /** Ends every session of the account, this one too: nobody knows which of them rest on what is taken away. */
  unlink: trust
    .privilegedWrite({ scope })
    .input(z.strictObject({ provider: providerName }))
    .mutation(async ({ ctx: { authority, principal }, input }) => {
      await demandFullSignIn(authority, principal);
      const { issuer } = (authority.providers.get(input.provider) ?? refuseProvider()).settings;
      const { outcome, position } = await unlinkIdentity(authority, { subject: principal.subject, issuer });
      if (outcome === 'unlinked') return { unlinked: true, consistencyToken: makeConsistencyToken(position) };
      if (outcome === 'not linked') return refuseProvider();
      return refuse({
        code: 'CONFLICT',
        reason: 'only_way_in',
        message: 'Nothing would be left to sign in with. Add another way first.',
      });
    }),
});

function nameOf({ providers }: Authority, issuer: string): string | undefined {
  return [...providers.values()].find(({ settings }) => settings.issuer === issuer)?.settings.name;
}

/** Unknown, spent, expired and another front end's codes cannot be told apart. */
function refuseProviderCode(): never {
  refuse({ code: 'BAD_REQUEST', reason: 'invalid_code', message: 'The code is wrong or was used before.' });
}

function refuseProvider(): never {
  refuse({ code: 'NOT_FOUND', reason: 'not_found', message: 'There is no such provider.' });
}
