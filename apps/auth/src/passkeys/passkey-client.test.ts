import { createSallyportClient } from '@sallyport/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuthRouter } from '../contract.ts';
import { newPerson, authenticatorOf } from '../testing/passkeys.ts';
import { runAuthority, type RunningAuthority } from '../testing/running-authority.ts';

let auth: RunningAuthority;

beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());

test('the client of the house signs in with a passkey, and shows it when a strange device is asked for more', async () => {
  const person = await newPerson(auth);
  const authenticator = authenticatorOf(person.tokens.session.subject);
  let device = 'node';
  const prompts: unknown[] = [];
  const url = auth.issuer;
  const client = createSallyportClient<{ auth: AuthRouter; catalog: AuthRouter; payments: AuthRouter }>({
    urls: { auth: url, catalog: url, payments: url },
    fetch: (input, init) => {
      const headers = new Headers(init?.headers);
      headers.set('user-agent', device);
      return fetch(input, { ...init, headers });
    },
    onStepUp: async (challenge, { passkeyOptions }) => {
      prompts.push(challenge);
      return { passkey: authenticator.get(await passkeyOptions()) };
    },
  });

  await client.signIn(person.credentials);
  const options = await client.auth.passkeys.beginRegistration.mutate();
  await client.auth.passkeys.finishRegistration.mutate({ answer: authenticator.create(options), label: 'laptop' });

  device = 'a telephone';
  await client.signIn(person.credentials);
  // Asked for once by the fresh gate; with that, recent enough for a change of factors too.
  expect(await client.auth.sessions.endOthers.mutate()).toMatchObject({ ended: 2 });
  expect((await client.auth.factors.renewRecoveryCodes.mutate()).codes).toHaveLength(10);
  expect(prompts).toEqual([{ acrValues: ['aal2'], maxAgeSeconds: 900, scope: 'account' }]);
  expect(await client.session()).toMatchObject({ acr: 'aal2' });

  await client.signOut();
  const session = await client.signInByPasskey((asked) => Promise.resolve(authenticator.get(asked)));
  expect(session).toMatchObject({ subject: person.tokens.session.subject, acr: 'aal2' });
  expect(prompts).toHaveLength(1);
});
