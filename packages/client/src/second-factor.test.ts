import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSallyportClient, reasonOf, type OnStepUp } from './index.ts';
import { listen, openPeer, type PeerRouters } from './testing-peer.ts';

const ada = { email: 'ada', password: 'right' };

let opened: ReturnType<typeof openPeer>;
let network: Awaited<ReturnType<typeof listen>>;

beforeEach(async () => {
  opened = openPeer();
  network = await listen(opened);
});
afterEach(() => network.close());

function open(onStepUp?: OnStepUp) {
  return createSallyportClient<PeerRouters>({ urls: network.urls, ...(onStepUp && { onStepUp }) });
}

test.each([
  ['a code as text', '123456', { code: '123456' }],
  ['a code', { code: '123456' }, { code: '123456' }],
  ['a recovery code', { recoveryCode: '123456' }, { recoveryCode: '123456' }],
])('%s steps up, and names what the service asked for', async (_what, factor, members) => {
  const client = open(() => Promise.resolve(factor));
  await client.signIn(ada);
  expect(await client.payments.pay.mutate({ amount: '1' })).toEqual({ paid: '1' });
  expect(opened.peer.shown).toEqual([{ ...members, acrValues: ['aal2'] }]);
});

test('a prompt gets a challenge for a passkey of whoever is signed in, also when the access token is over', async () => {
  const client = open(async (_challenge, { passkeyOptions }) => {
    opened.peer.sessions.endAccessTokens();
    return { passkey: { to: (await passkeyOptions()).challenge } };
  });
  await client.signIn(ada);
  expect(await client.payments.pay.mutate({ amount: '1' })).toEqual({ paid: '1' });
  expect(opened.peer.shown).toEqual([{ passkey: { to: 'step up ada' }, acrValues: ['aal2'] }]);
});

test('somebody signs in with a passkey alone, and who is refused stays signed out', async () => {
  const client = open();
  const wrong = await client
    .signInByPasskey(() => Promise.resolve({ to: 'something else' }))
    .catch((error: unknown) => error);
  expect(reasonOf(wrong)).toBe('invalid_passkey');
  expect(await client.session()).toBeUndefined();
  const session = await client.signInByPasskey(({ challenge }) => Promise.resolve({ to: challenge }));
  expect(session.subject).toBe('ada');
  expect(await client.catalog.mine.query({ page: 1 })).toEqual({ page: 1, subject: 'ada' });
});

test('whatever the browser throws is thrown, and nothing is sent', async () => {
  const cancelled = new Error('The person cancelled.');
  const client = open(() => Promise.reject(cancelled));
  await expect(client.signInByPasskey(() => Promise.reject(cancelled))).rejects.toBe(cancelled);
  await client.signIn(ada);
  await expect(client.payments.pay.mutate({ amount: '1' })).rejects.toThrow(cancelled.message);
  expect(opened.peer.shown).toEqual([]);
});
