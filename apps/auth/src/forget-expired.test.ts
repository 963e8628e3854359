import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgetExpired } from './forget-expired.ts';
import { revokedTokens, spentRefreshTokens, usedAssertions } from './schema.ts';
import { grace, runAuthority, type RunningAuthority } from './testing/running-authority.ts';
import { readOwnAccessToken } from './tokens/own-token.ts';
import { revokeAccessToken } from './tokens/token-status.ts';

let auth: RunningAuthority;
beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());

test('what guards against replay is kept as long as a replay could do harm, and no longer', async () => {
  const { authority } = auth;
  const guards = () =>
    Promise.all([usedAssertions, revokedTokens, spentRefreshTokens].map((table) => authority.database.$count(table)));
  const { refreshToken, accessTokens } = await auth.as().signIn.mutate(grace);
  await auth.as().refresh.mutate({ refreshToken });
  const claims = await readOwnAccessToken(authority, accessTokens['catalog']?.token ?? '');
  if (claims === undefined) throw new Error('our own token is not ours');
  await revokeAccessToken(authority, claims);
  await auth.postAs('payments', '/oauth/token', { grant_type: 'client_credentials', audience: 'auth' });

  await forgetExpired(authority);
  expect(await guards()).toEqual([1, 1, 1]);
  // An assertion lives a minute, an access token five, a family a day.
  auth.advance(61);
  await forgetExpired(authority);
  expect(await guards()).toEqual([0, 1, 1]);
  auth.advance(300 + 600);
  await forgetExpired(authority);
  expect(await guards()).toEqual([0, 0, 1]);
  auth.advance(24 * 60 * 60);
  await forgetExpired(authority);
  expect(await guards()).toEqual([0, 0, 0]);
});
