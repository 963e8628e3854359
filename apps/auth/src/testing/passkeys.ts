import type { RunningAuthority } from './running-authority.ts';
import { shopOrigin } from './running-authority.ts';
import { softwareAuthenticator } from './software-authenticator.ts';

let people = 0;

/** Somebody new, signed in by password. */
export async function newPerson(auth: RunningAuthority) {
  people += 1;
  const credentials = { email: `person${people}@sallyport.example`, password: 'one more very long password' };
  await auth.as().signUp.mutate(credentials);
  const signIn = () => auth.as().signIn.mutate(credentials);
  return { credentials, signIn, tokens: await signIn() };
}

/** An authenticator for the suite's web page. */
export function authenticatorOf(subject: string, kind: Readonly<{ synced?: boolean; counts?: boolean }> = {}) {
  return softwareAuthenticator({ domain: 'shop.example', origin: shopOrigin, subject }, kind);
}

/** Somebody new, with a passkey. */
export async function personWithPasskey(
  auth: RunningAuthority,
  kind: Readonly<{ synced?: boolean; counts?: boolean }> = {},
) {
  const person = await newPerson(auth);
  const authenticator = authenticatorOf(person.tokens.session.subject, kind);
  const account = auth.as(person.tokens.accessTokens['auth']?.token);
  const options = await account.passkeys.beginRegistration.mutate();
  await account.passkeys.finishRegistration.mutate({ answer: authenticator.create(options), label: 'my phone' });
  return { ...person, authenticator, account };
}
