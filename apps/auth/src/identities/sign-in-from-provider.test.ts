import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { refusalOf } from '../testing/callers.ts';
import { claimsOf, textLike } from '../testing/expected.ts';
import { allowReturn, beginUrl, callbackUrl, goThere, newChallenge, visit } from '../testing/provider-front-end.ts';
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
