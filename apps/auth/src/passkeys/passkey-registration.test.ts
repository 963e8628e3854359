import { afterAll, beforeAll, expect, test } from 'vitest';
import { refusalOf } from '../testing/callers.ts';
import { authenticatorOf, newPerson, personWithPasskey } from '../testing/passkeys.ts';
import { runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import type { Deviation } from '../testing/software-authenticator.ts';
import { relyingPartyOf } from './relying-party.ts';

let auth: RunningAuthority;

beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());

const refused = { status: 400, reason: 'invalid_passkey', message: 'This passkey is not accepted.' };

async function someone() {
  const { tokens } = await newPerson(auth);
  const account = auth.as(tokens.accessTokens['auth']?.token);
  const authenticator = authenticatorOf(tokens.session.subject);
  const register = async (deviation: Deviation = {}) => {
    const answer = authenticator.create(await account.passkeys.beginRegistration.mutate(), deviation);
    return account.passkeys.finishRegistration.mutate({ answer, label: 'a key' });
  };
  return { account, register, authenticator, tokens };
}

const wrongs: Readonly<Record<string, Deviation>> = {
  'an algorithm that was not asked for': { algorithm: -257 - 1 },
  'an attestation': { selfAttested: true },
  'another type': { type: 'webauthn.get' },
  'another origin': { origin: 'https://evil.example' },
  'another domain': { domain: 'evil.example' },
  'a page in a frame': { crossOrigin: true },
  'nobody present': { present: false },
  'nobody verified': { verified: false },
  'a challenge that nobody drew': { challenge: 'A'.repeat(43) },
};

test.each(Object.entries(wrongs))('a passkey with %s is not registered (WAN-02)', async (_what, deviation) => {
  const { register, account } = await someone();
  expect(await refusalOf(register(deviation))).toEqual(refused);
  expect((await account.factors.list.query()).passkeys).toEqual([]);
});

test('a credential that somebody has registered is registered to nobody else (WAN-02)', async () => {
  const owner = await personWithPasskey(auth);
  const { register } = await someone();
  expect(await refusalOf(register({ credentialId: owner.authenticator.id }))).toEqual(refused);
  const options = await auth.as().beginPasskeySignIn.mutate({});
  const { session } = await auth.as().signInByPasskey.mutate({ answer: owner.authenticator.get(options) });
  expect(session.subject).toBe(owner.tokens.session.subject);
});

test('no attestation is asked for, and what is registered is excluded the next time (WAN-02)', async () => {
  const { account, register, authenticator, tokens } = await someone();
  const first = await account.passkeys.beginRegistration.mutate();
  expect(first).toMatchObject({ attestation: 'none', excludeCredentials: [], rp: { id: 'shop.example' } });
  expect(first.pubKeyCredParams.map(({ alg }) => alg)).toEqual([-8, -7, -257]);
  await register();
  const { refreshToken } = tokens;
  const passkey = authenticator.get(await account.passkeys.beginStepUp.mutate());
  const raised = await auth.as().stepUp.mutate({ refreshToken, passkey });
  const second = await auth.as(raised.accessTokens['auth']?.token).passkeys.beginRegistration.mutate();
  expect(second.excludeCredentials?.map(({ id }) => id)).toEqual([authenticator.id]);
});

test('a registration that another session began, or that is answered twice, is not taken (WAN-04)', async () => {
  const here = await newPerson(auth);
  const accountHere = auth.as(here.tokens.accessTokens['auth']?.token);
  const accountThere = auth.as((await here.signIn()).accessTokens['auth']?.token);
  const authenticator = authenticatorOf(here.tokens.session.subject);
  const answer = authenticator.create(await accountThere.passkeys.beginRegistration.mutate());
  const register = () => accountHere.passkeys.finishRegistration.mutate({ answer, label: 'x' });
  expect(await refusalOf(register())).toEqual(refused);
  const good = authenticator.create(await accountHere.passkeys.beginRegistration.mutate());
  const twice = await Promise.allSettled(
    Array.from({ length: 8 }, () => accountHere.passkeys.finishRegistration.mutate({ answer: good, label: 'x' })),
  );
  expect(twice.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('only pages on the domain may ask for its passkeys', () => {
  const origins = [
    'https://shop.example',
    'https://www.shop.example',
    'https://notshop.example',
    'https://evil.example',
  ];
  expect(relyingPartyOf('https://auth.shop.example', { domain: 'shop.example', origins })).toEqual({
    domain: 'shop.example',
    origins: ['https://shop.example', 'https://www.shop.example'],
  });
  expect(relyingPartyOf('http://localhost:4000', { origins: ['http://localhost:5173'] })).toEqual({
    domain: 'localhost',
    origins: ['http://localhost:5173'],
  });
});
