import { openCaller } from '@sallyport/infra/one-caller';
import type { TemporarySystem } from '@sallyport/infra/temporary-system';
import { z } from 'zod';
import { callProcedure } from './call-procedure.ts';
import { seedSessions } from './seeded-sessions.ts';

const token = z.object({ token: z.string() });
const tokenSet = z.object({
  refreshToken: z.string(),
  accessTokens: z.object({ auth: token, catalog: token, payments: token }),
});

/** `refreshToken`: for the next refresh, and for ending the session. */
export type SignedIn = z.output<typeof tokenSet> & Readonly<{ subject: string; session: string }>;

export type House = Readonly<{ urls: TemporarySystem['urls']; databaseUrl: string }>;

/** So many people, each signed in with a second factor a moment ago, with the tokens that a refresh gives out. */
export async function signInMany({ urls, databaseUrl }: House, count: number): Promise<readonly SignedIn[]> {
  const sessions = await seedSessions(databaseUrl, { count, known: count });
  const caller = openCaller(urls.auth);
  const people: SignedIn[] = [];
  for (const { subject, session, refreshToken } of sessions) {
    const body = JSON.stringify({ refreshToken });
    people.push({ subject, session, ...tokenSet.parse(await callProcedure(caller, { path: '/trpc/refresh', body })) });
  }
  caller.close();
  return people;
}

export function bearer(
  { accessTokens }: SignedIn,
  audience: keyof SignedIn['accessTokens'],
): { authorization: string } {
  return { authorization: `Bearer ${accessTokens[audience].token}` };
}
