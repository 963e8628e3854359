import { sealRouter } from '@sallyport/auth/trpc';
import { emailRouter, passwordRouter } from './accounts/account-procedures.ts';
import { adminRouter } from './admin/admin-router.ts';
import { identitiesRouter, providerSignIn } from './identities/identities-router.ts';
import { internalRouter } from './internal-router.ts';
import { factorsRouter, passkeysRouter } from './second-factor/factors-router.ts';
import { sessionsRouter, totpRouter } from './sign-in/account-router.ts';
import { signInProcedures } from './sign-in/sign-in-router.ts';
import { router } from './trpc.ts';

const authRouter = router({
  ...signInProcedures,
  ...providerSignIn,
  password: passwordRouter,
  email: emailRouter,
  sessions: sessionsRouter,
  totp: totpRouter,
  identities: identitiesRouter,
  passkeys: passkeysRouter,
  factors: factorsRouter,
  internal: internalRouter,
  admin: adminRouter,
});

export type AuthRouter = typeof authRouter;

/** Throws, when this file is loaded, if a procedure has no tier. */
export const sealedAuthRouter = sealRouter(authRouter);
