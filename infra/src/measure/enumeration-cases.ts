import { createPrivateKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { openDevice } from '../device.ts';
import type { TemporarySystem } from '../temporary-system.ts';
import type { Prepared } from './timed-post.ts';

type Existence = 'known' | 'unknown';

export type EnumerationCase = Readonly<{
  name: string;
  /** What is known in one half of the samples, and not in the other. */
  known: string;
  unknown: string;
  prepare: (existence: Existence) => Promise<Prepared>;
}>;

/** E-mails of each kind. Each is used as often as every other one, so that none has a history that tells. */
const peopleOfEachKind = 40;

/** Seconds for which tokens are used before others are made: they live for five minutes. */
const tokensForSeconds = 120;

/** The six places where somebody could learn whether something exists (ORA-01). */
export async function enumerationCases(system: TemporarySystem): Promise<readonly EnumerationCase[]> {
  const people = await signUpPeople(system.urls);
  return [...addressCases(people), ...tokenCases(system, people)];
}

/** Whether an e-mail has an account. */
function addressCases(people: People): readonly EnumerationCase[] {
  const known = 'an e-mail with an account';
  const unknown = 'an e-mail without one';
  const password = 'not the password of anybody';
  return [
    {
      name: 'sign-in',
      known,
      unknown,
      prepare: async (existence) => call('signIn', { email: pick(people[existence]), password }),
    },
    {
      name: 'sign-up',
      known,
      unknown,
      // One that was used has an account from then on.
      prepare: async (existence) =>
        call('signUp', { email: existence === 'known' ? pick(people.known) : newEmail(), password }),
    },
    {
      name: 'reset',
      known,
      unknown,
      prepare: async (existence) => call('password.requestReset', { email: pick(people[existence]) }),
    },
  ];
}

/** Whether a token, or a client, is or was one of ours. */
function tokenCases({ urls, secrets }: TemporarySystem, people: People): readonly EnumerationCase[] {
  const tokens = endedTokens(urls, people.known);
  const paymentsKey = createPrivateKey({ key: secrets.clientKeys.payments, format: 'jwk' });
  const strangersKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const sign = (assertion: Assertion) =>
    signAssertion({ issuer: urls.auth, kid: secrets.clientKeys.payments.kid, ...assertion });
  return [
    {
      name: 'TOTP',
      known: 'a refresh token of a session that has ended',
      unknown: 'a refresh token that never was',
      prepare: async (existence) => {
        const ended = pick(await tokens()).refresh;
        const refreshToken = existence === 'known' ? ended : randomBytes(32).toString('base64url');
        return call('stepUp', { refreshToken, code: '000000' });
      },
    },
    {
      name: 'introspection',
      known: 'an access token of a session that has ended',
      unknown: 'the same with a signature that is none of ours',
      prepare: async (existence) => {
        const { access } = pick(await tokens());
        const forged = `${access.slice(0, -86)}${randomBytes(64).toString('base64url')}`;
        const identity = await sign({ clientId: 'payments', key: paymentsKey });
        return form('/oauth/introspect', { ...identity, token: existence === 'known' ? access : forged });
      },
    },
    {
      name: 'token',
      known: 'a registered client, a wrong key',
      unknown: 'a client that is not registered',
      prepare: async (existence) => {
        const clientId = existence === 'known' ? 'payments' : `service-${randomBytes(4).toString('hex')}`;
        const identity = await sign({ clientId, key: strangersKey });
        return form('/oauth/token', { ...identity, grant_type: 'client_credentials', audience: 'auth' });
      },
    },
  ];
}

type People = Readonly<Record<Existence, readonly string[]>>;

const peoplesPassword = 'a password of somebody';

async function signUpPeople(urls: TemporarySystem['urls']): Promise<People> {
  const some = () => Array.from({ length: peopleOfEachKind }, newEmail);
  const people = { known: some(), unknown: some() };
  const { client } = openDevice(urls);
  for (const email of people.known) await client.auth.signUp.mutate({ email, password: peoplesPassword });
  return people;
}

type Ended = Readonly<{ refresh: string; access: string }>;

/** Tokens of sessions that have ended, made anew before the access tokens run out. */
function endedTokens(urls: TemporarySystem['urls'], emails: readonly string[]): () => Promise<readonly Ended[]> {
  let made: readonly Ended[] = [];
  let madeAtMs = -Infinity;
  return async () => {
    if (performance.now() - madeAtMs < tokensForSeconds * 1000) return made;
    const auth = openDevice(urls).raw('auth');
    const ended: Ended[] = [];
    for (const email of emails.slice(0, 20)) {
      const { refreshToken, accessTokens } = await auth.signIn.mutate({ email, password: peoplesPassword });
      await auth.signOut.mutate({ refreshToken });
      ended.push({ refresh: refreshToken, access: accessTokens['payments']?.token ?? '' });
    }
    [made, madeAtMs] = [ended, performance.now()];
    return made;
  };
}

type Assertion = Readonly<{ clientId: string; key: KeyObject }>;

async function signAssertion({ issuer, kid, clientId, key }: Assertion & Readonly<{ issuer: string; kid: string }>) {
  const at = Math.floor(Date.now() / 1000);
  const jti = randomBytes(12).toString('base64url');
  const claims = { iss: clientId, sub: clientId, aud: issuer, iat: at, exp: at + 60, jti };
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid }).sign(key),
  };
}

function call(path: string, input: unknown): Prepared {
  return { path: `/trpc/${path}`, body: JSON.stringify(input), type: 'application/json' };
}

function form(path: string, members: Readonly<Record<string, string>>): Prepared {
  return { path, body: String(new URLSearchParams(members)), type: 'application/x-www-form-urlencoded' };
}

function newEmail(): string {
  return `${randomBytes(8).toString('hex')}@example.org`;
}

function pick<Value>(values: readonly Value[]): Value {
  const value = values[Math.floor(Math.random() * values.length)];
  if (value === undefined) throw new Error('There is nothing to pick from.');
  return value;
}
