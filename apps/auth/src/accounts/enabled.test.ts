import { afterAll, beforeAll, expect, test } from 'vitest';
import { refusalOf } from '../testing/callers.ts';
import { ada, adaSubject, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { disableAccount, enableAccount } from './enabled.ts';

let auth: RunningAuthority;
beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());

const disable = () => disableAccount(auth.authority, { subject: adaSubject, because: 'test' });
const enable = () => enableAccount(auth.authority, { subject: adaSubject, because: 'test' });

test('a disabled account ends at once: no token of it is active, none is refreshed, nobody signs in (RRT-06)', async () => {
  const tokens = await auth.as().signIn.mutate(ada);
  expect(await disable()).toEqual({ position: expect.any(Number) as unknown });
  const { id: session, subject } = tokens.session;
  const question = { tokenId: 't', session, subject, client: 'web' };
  expect(await auth.authority.introspect([question])).toEqual([{ active: false }]);
  const refresh = auth.as().refresh.mutate({ refreshToken: tokens.refreshToken });
  expect(await refusalOf(refresh)).toMatchObject({ status: 401, reason: 'invalid_token' });
  const oauth = { grant_type: 'refresh_token', client_id: 'web', resource: 'catalog' };
  const form = await auth.post('/oauth/token', { ...oauth, refresh_token: tokens.refreshToken });
  expect(form.json).toMatchObject({ error: 'invalid_grant' });
  expect(await refusalOf(auth.as().signIn.mutate(ada))).toMatchObject({ reason: 'invalid_credentials' });

  await enable();
  expect(await auth.authority.introspect([question])).toEqual([{ active: false }]);
  await refusalOf(auth.as().refresh.mutate({ refreshToken: tokens.refreshToken }));
  expect((await auth.as().signIn.mutate(ada)).session.subject).toBe(adaSubject);
});

test('disabling while people refresh and sign in leaves nothing alive, and enabling brings nothing back (RRT-06)', async () => {
  for (let round = 0; round < 4; round += 1) {
    const sets = await Promise.all([1, 2, 3].map(() => auth.as().signIn.mutate(ada)));
    const under = [
      ...sets.map(({ refreshToken }) => auth.as().refresh.mutate({ refreshToken })),
      ...[1, 2].map(() => auth.as().signIn.mutate(ada)),
    ].map((call) => call.catch(() => undefined));
    await disable();
    const issued = (await Promise.all(under)).filter((set) => set !== undefined);
    await enable();
    const questions = [...sets, ...issued].map(({ session: { id, subject } }) => {
      return { tokenId: 't', session: id, subject, client: 'web' };
    });
    const active = (await auth.authority.introspect(questions)).filter((answer) => answer.active);
    expect(active).toEqual([]);
  }
});

test('an account that is not there can be neither disabled nor enabled; twice is no error', async () => {
  const nobody = { subject: 'u_nobody', because: 'test' };
  expect(await disableAccount(auth.authority, nobody)).toBeUndefined();
  expect(await enableAccount(auth.authority, nobody)).toBeUndefined();
  await disable();
  expect(await disable()).toBeDefined();
  await enable();
  expect(await enable()).toBeDefined();
});
