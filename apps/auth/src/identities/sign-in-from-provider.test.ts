import type { JWTPayload } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { refusalOf } from '../testing/callers.ts';
import { claimsOf, textLike } from '../testing/expected.ts';
import { nearMisses } from '../testing/near-misses.ts';
import {
  allowReturn,
  beginUrl,
  callbackUrl,
  goThere,
  newChallenge,
  returnTo,
  visit,
} from '../testing/provider-front-end.ts';
import { runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { openScriptedProvider, settingsFor, type ScriptedProvider } from '../testing/scripted-provider.ts';

let provider: ScriptedProvider;
let other: ScriptedProvider;
let running: RunningAuthority;

beforeAll(async () => {
  [provider, other] = [await openScriptedProvider(), await openScriptedProvider()];
  running = await runAuthority({
    identityProviders: [
      settingsFor(provider),
      settingsFor(other, { name: 'other', newAccounts: false, authTime: 'assumed', assurance: [] }),
    ],
  });
  await allowReturn(running);
});

afterEach(() => provider.script.clear());

afterAll(async () => {
  await running.close();
  await Promise.all([provider.close(), other.close()]);
});

const invalidCode = { status: 400, reason: 'invalid_code' };

describe('a whole sign-in', () => {
  test('leaves with PKCE, state and nonce, comes back with a code and nothing else, and ends in tokens (OSB-04, OSB-16)', async () => {
    const { verifier, challenge } = newChallenge();
    const left = await visit(beginUrl(running, { challenge }));
    expect(left.status).toBe(303);
    expect(left.headers.get('referrer-policy')).toBe('no-referrer');
    const asked = new URL(left.location);
    expect(asked.origin + asked.pathname).toBe(`${provider.issuer}/authorize`);
    expect(Object.fromEntries(asked.searchParams)).toEqual({
      client_id: 'sallyport at example',
      redirect_uri: `${running.issuer}/providers/scripted/callback`,
      response_type: 'code',
      scope: 'openid',
      max_age: '3600',
      state: textLike(/^[\w-]{43}$/),
      nonce: textLike(/^[\w-]{43}$/),
      code_challenge: textLike(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    expect(asked.searchParams.get('code_challenge')).not.toBe(challenge);

    const back = await visit(callbackUrl(running, await provider.letIn(left.location, { sub: 'grace' })));
    expect(back.status).toBe(303);
    const address = new URL(back.location);
    expect(Object.fromEntries(address.searchParams)).toEqual({ from: 'provider', code: textLike(/^[\w-]{43}$/) });
    expect(address.hash).toBe('');
    const code = address.searchParams.get('code') ?? '';
    const tokens = await running.as().signInFromProvider.mutate({ code, verifier });
    expect(tokens.session).toMatchObject({ subject: textLike(/^u_/), acr: 'aal1' });
    expect(claimsOf(tokens.accessTokens['catalog']?.token)).toMatchObject({ sub: tokens.session.subject, acr: 'aal1' });
  });

  test('leads the same person of the same issuer to the same account, and another issuer’s person of that name to none', async () => {
    const first = await goThere(running, provider, { claims: { sub: 'twice' } });
    const second = await goThere(running, provider, { claims: { sub: 'twice' } });
    const one = await running.as().signInFromProvider.mutate(first.presented);
    const two = await running.as().signInFromProvider.mutate(second.presented);
    expect(two.session.subject).toBe(one.session.subject);
    expect(two.session.id).not.toBe(one.session.id);
    const { verifier, challenge } = newChallenge();
    const { location } = await visit(beginUrl(running, { challenge, provider: 'other' }));
    const back = await visit(callbackUrl(running, await other.letIn(location, { sub: 'twice' }), 'other'));
    const code = new URL(back.location).searchParams.get('code') ?? '';
    const refused = await refusalOf(running.as().signInFromProvider.mutate({ code, verifier }));
    expect(refused).toMatchObject({ status: 403, reason: 'not_linked' });
  });
});

const begin = (extra: Readonly<Record<string, string>>) =>
  visit(beginUrl(running, { challenge: newChallenge().challenge, extra }));

const errorOf = (location: string): unknown => new URL(location).searchParams.get('error');
const signInWith = (presented: { code: string; verifier: string }) => running.as().signInFromProvider.mutate(presented);

describe('sent back nowhere but to a registered address (OSB-01, OSB-17)', () => {
  test.each(nearMisses(returnTo))('%j', async (address) => {
    const answer = await begin({ return_to: address });
    expect({ status: answer.status, location: answer.location }).toEqual({ status: 400, location: '' });
    expect(answer.text).not.toContain('evil');
  });

  test('nor to that of another client, or of a service', async () => {
    for (const client of ['payments', 'nobody', '']) {
      expect(await begin({ client_id: client })).toMatchObject({ status: 400, location: '' });
    }
  });
});

describe('bound to the front end that began it (OSB-02, OSB-03)', () => {
  test.each<[string, Record<string, string>]>([
    ['the method plain', { code_challenge_method: 'plain' }],
    ['no method', { code_challenge_method: '' }],
    ['no challenge', { code_challenge: '' }],
    ['a challenge that is no SHA-256', { code_challenge: 'short' }],
  ])('%s does not begin', async (_, extra) => {
    expect(await begin(extra)).toMatchObject({ status: 400, location: '' });
  });

  test('another verifier gets nothing, and the code is spent by it', async () => {
    const { presented } = await goThere(running, provider, { claims: { sub: 'mona' } });
    const stolen = { code: presented.code, verifier: newChallenge().verifier };
    expect(await refusalOf(signInWith(stolen))).toMatchObject(invalidCode);
    expect(await refusalOf(signInWith(presented))).toMatchObject(invalidCode);
  });

  test('of 16 that bring one code at once, one is let in (ACT-01)', async () => {
    const { presented } = await goThere(running, provider, { claims: { sub: 'nick' } });
    const outcomes = await Promise.allSettled(Array.from({ length: 16 }, () => signInWith(presented)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('a code that somebody else was given by the provider is of no use in one’s own sign-in', async () => {
    const [theirs, own] = [await begin({}), await begin({})];
    const answer = await provider.letIn(theirs.location, { sub: 'victim' });
    const state = new URL(own.location).searchParams.get('state') ?? '';
    const back = await visit(callbackUrl(running, { ...answer, state }));
    expect(errorOf(back.location)).toBe('server_error');
  });
});

test('a state that is unknown, was used, or is another provider’s leads nowhere', async () => {
  const { location } = await begin({});
  const answer = await provider.letIn(location, { sub: 'olga' });
  const nowhere = { status: 400, location: '' };
  expect(await visit(callbackUrl(running, answer, 'other'))).toMatchObject(nowhere);
  expect(await visit(callbackUrl(running, { ...answer, state: newChallenge().challenge }))).toMatchObject(nowhere);
  expect(await visit(`${callbackUrl(running, answer)}&state=${answer['state']}`)).toMatchObject(nowhere);
  expect(errorOf((await visit(callbackUrl(running, answer))).location)).toBeNull();
  expect(await visit(callbackUrl(running, answer))).toMatchObject(nowhere);
});

describe('an answer that is not what OpenID Connect says lets nobody in', () => {
  const now = (): number => Math.floor(Date.now() / 1000);

  test.each<[string, () => JWTPayload]>([
    ['another nonce', () => ({ nonce: newChallenge().challenge })],
    ['no nonce', () => ({ nonce: undefined })],
    ['another audience', () => ({ aud: 'another client' })],
    ['another issuer', () => ({ iss: other.issuer })],
    ['an end that has passed', () => ({ exp: now() - 60, iat: now() - 120 })],
    ['no auth_time', () => ({ auth_time: undefined })],
    ['an auth_time that lies ahead', () => ({ auth_time: now() + 60 })],
    ['an auth_time that is too long ago', () => ({ auth_time: now() - 3700 })],
    ['a sub that is no name (OpenID Connect Core §2)', () => ({ sub: 'a\u0000b' })],
    ['an endless sub', () => ({ sub: 'x'.repeat(256) })],
  ])('%s', async (_, claims) => {
    const { address } = await goThere(running, provider, { claims: { sub: 'pat', ...claims() } });
    expect([...address.searchParams.keys()]).toEqual(['from', 'error']);
  });

  test('a signature by a key that is not the provider’s', async () => {
    const { location } = await begin({});
    const nonce = new URL(location).searchParams.get('nonce');
    const forged = await other.idToken({ iss: provider.issuer, sub: 'pat', aud: 'sallyport at example', nonce });
    provider.script.set('/token', () => ({ body: { access_token: 'x', token_type: 'Bearer', id_token: forged } }));
    const back = await visit(callbackUrl(running, await provider.letIn(location, { sub: 'pat' })));
    expect(errorOf(back.location)).toBe('server_error');
  });

  test.each<[string, (answer: Record<string, string>) => Record<string, string>]>([
    ['without the issuer’s name, which it promises to send', ({ code = '', state = '' }) => ({ code, state })],
    ['in another issuer’s name (mix-up)', (answer) => ({ ...answer, iss: other.issuer })],
    ['with an ID token beside the code (OSB-04)', (answer) => ({ ...answer, id_token: 'a.b.c' })],
    [
      'with an access token instead of a code (OSB-04)',
      ({ state = '', iss = '' }) => ({ state, iss, access_token: 'x' }),
    ],
  ])('%s', async (_, change) => {
    const { location } = await begin({});
    const back = await visit(callbackUrl(running, change(await provider.letIn(location, { sub: 'pat' }))));
    expect([...new URL(back.location).searchParams.keys()]).toEqual(['from', 'error']);
  });

  test('what the provider says itself is told in OAuth’s words, and no other of its words', async () => {
    const said = {
      access_denied: 'access_denied',
      temporarily_unavailable: 'temporarily_unavailable',
      weird: 'access_denied',
    };
    for (const [error, told] of Object.entries(said)) {
      const state = new URL((await begin({})).location).searchParams.get('state') ?? '';
      const error_description = '<script>evil</script>';
      const back = await visit(callbackUrl(running, { error, error_description, state, iss: provider.issuer }));
      expect(errorOf(back.location)).toBe(told);
      expect(back.location).not.toContain('evil');
    }
  });
});

test('a provider that does not answer is an outage, and tells nobody that they may not come in', async () => {
  provider.script.set('/token', () => ({ status: 500 }));
  expect((await goThere(running, provider, { claims: { sub: 'quinn' } })).address.searchParams.get('error')).toBe(
    'temporarily_unavailable',
  );
});

describe('as strong, and as recent, as was asked for', () => {
  test('two factors by the provider’s table, and as old as it says', async () => {
    const strong = { acr_values: 'aal2', max_age: '300' };
    const { location } = await begin(strong);
    const asked = new URL(location).searchParams;
    expect([asked.get('acr_values'), asked.get('max_age')]).toEqual(['urn:scripted:two', '300']);
    const auth_time = Math.floor(Date.now() / 1000) - 100;
    const claims = { sub: 'rosa', acr: 'urn:scripted:two', auth_time };
    const { presented } = await goThere(running, provider, { claims, extra: strong });
    const { session } = await signInWith(presented);
    expect(session).toMatchObject({ acr: 'aal2', authTime: auth_time, secondFactorAt: auth_time });
  });

  test('less is an error, and no session that would be sent away again (SUP-03)', async () => {
    for (const acr of ['aal2', 'urn:scripted:one', undefined]) {
      const claims = { sub: 'rosa', acr, amr: ['mfa', 'otp'] };
      const { address } = await goThere(running, provider, { claims, extra: { acr_values: 'aal2' } });
      expect(address.searchParams.get('error')).toBe('unmet_authentication_requirements');
    }
  });

  test('the provider’s word alone never reaches two factors: what its table does not name is one', async () => {
    const { presented } = await goThere(running, provider, { claims: { sub: 'rosa', acr: 'aal2', amr: ['mfa'] } });
    expect((await signInWith(presented)).session).not.toHaveProperty('secondFactorAt');
  });
});

test('eight first sign-ins of one person at once make one account', async () => {
  const back = await Promise.all(
    Array.from({ length: 8 }, () => goThere(running, provider, { claims: { sub: 'sven' } })),
  );
  const tokens = await Promise.all(back.map(({ presented }) => signInWith(presented)));
  expect(new Set(tokens.map(({ session }) => session.subject)).size).toBe(1);
  const { rows } = await running.operator.query(`SELECT email, password_hash FROM accounts WHERE subject = $1`, [
    tokens[0]?.session.subject,
  ]);
  expect(rows).toEqual([{ email: null, password_hash: null }]);
});

test('nothing that opens anything is in the log', async () => {
  const { verifier, challenge } = newChallenge();
  const left = await visit(beginUrl(running, { challenge }));
  const answer = await provider.letIn(left.location, { sub: 'tess' });
  const back = await visit(callbackUrl(running, answer));
  const code = new URL(back.location).searchParams.get('code') ?? '';
  await signInWith({ code, verifier });
  provider.script.set('/token', () => ({ status: 400, body: { error: 'invalid_grant', id_token: code } }));
  await goThere(running, provider, { claims: { sub: 'tess' } });
  const secrets = [answer['code'], answer['state'], code, verifier, 'a+b/c=%20:d&e'];
  const lines = running.logLines.filter((line) => secrets.some((secret) => line.includes(String(secret))));
  expect(lines).toEqual([]);
});

test('who stays away too long, or comes for the result too late, starts again', async () => {
  const { location } = await begin({});
  const answer = await provider.letIn(location, { sub: 'ulla' });
  const { presented } = await goThere(running, provider, { claims: { sub: 'ulla' } });
  running.advance(61);
  expect(await refusalOf(signInWith(presented))).toMatchObject(invalidCode);
  running.advance(600);
  expect(await visit(callbackUrl(running, answer))).toMatchObject({ status: 400, location: '' });
});
