import { randomUUID } from 'node:crypto';
import { createTRPCClient, httpLink } from '@trpc/client';
import type { AuthRouter } from '../contract.ts';
import { seedFromBase32 } from '../second-factor/totp.ts';
import type { RunningAuthority } from './running-authority.ts';

const margaret = { email: 'margaret@sallyport.example', password: 'correct horse battery staple' };
export const margaretSubject = 'u_margaretAAAAAAAA';
const margaretSeed = seedFromBase32('KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU');

/** A client of the admin procedures with this access token. Each call has an idempotency key of its own. */
export function adminCalls({ issuer }: Pick<RunningAuthority, 'issuer'>, token: string | undefined) {
  const headers = () => ({
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    'idempotency-key': randomUUID(),
  });
  return createTRPCClient<AuthRouter>({ links: [httpLink({ url: `${issuer}/trpc`, headers })] }).admin;
}

/** Signs in through the command line's client, with the password alone. */
export function signInToAdmin(auth: RunningAuthority, who = margaret) {
  return auth.as().signIn.mutate({ ...who, clientId: 'cli' });
}

/** Somebody with both roles who has just shown a second factor. Moves the time on by a step, so that the code is a new one. */
export async function openAdministrator(auth: RunningAuthority) {
  auth.advance(30);
  const { refreshToken } = await signInToAdmin(auth);
  const tokens = await auth.as().stepUp.mutate({ refreshToken, code: auth.codeOf(margaretSeed) });
  return { tokens, admin: adminCalls(auth, tokens.accessTokens['admin']?.token) };
}
