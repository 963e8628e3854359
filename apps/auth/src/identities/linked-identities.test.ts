import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusalOf } from '../testing/callers.ts';
import { allowReturn, callbackUrl, goThere, newChallenge, returnTo, visit } from '../testing/provider-front-end.ts';
import { ada, adaSeed, adaSubject, grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { openScriptedProvider, settingsFor, type ScriptedProvider } from '../testing/scripted-provider.ts';

let provider: ScriptedProvider;
let running: RunningAuthority;

beforeAll(async () => {
  provider = await openScriptedProvider();
  running = await runAuthority({ identityProviders: [settingsFor(provider)] });
  await allowReturn(running);
});

afterAll(async () => {
  await running.close();
  await provider.close();
});

type Callers = ReturnType<RunningAuthority['as']>;

const invalidCode = { status: 400, reason: 'invalid_code' };
const strong = { acr: 'urn:scripted:two' };

async function signedIn(credentials: typeof ada): Promise<Callers> {
  const tokens = await running.as().signIn.mutate(credentials);
  return running.as(tokens.accessTokens['auth']?.token);
}

/** Ada with her second factor, as linking asks of her. */
async function adaInFull(): Promise<Callers> {
  const { refreshToken } = await running.as().signIn.mutate(ada);
  running.advance(31);
  const tokens = await running.as().stepUp.mutate({ refreshToken, code: running.codeOf(adaSeed) });
  return running.as(tokens.accessTokens['auth']?.token);
}

/** From one session, to the provider and back: what the front end then holds. */
async function beginLink(person: Callers, sub: string) {
  const { verifier, challenge } = newChallenge();
  const { url } = await person.identities.beginLink.mutate({ provider: 'scripted', returnTo, challenge });
  const back = await visit(callbackUrl(running, await provider.letIn(url, { sub })));
  return { code: new URL(back.location).searchParams.get('code') ?? '', verifier };
}

const signInWith = (presented: { code: string; verifier: string }) => running.as().signInFromProvider.mutate(presented);

describe('linking is a deed of somebody who is signed in', () => {
  test('and leads to their account from then on, in whose list it stands', async () => {
    const person = await signedIn(grace);
    await person.identities.link.mutate(await beginLink(person, 'grace-elsewhere'));
    expect(await person.identities.list.query()).toMatchObject([{ provider: 'scripted', issuer: provider.issuer }]);
    const { presented } = await goThere(running, provider, { claims: { sub: 'grace-elsewhere' } });
    expect((await signInWith(presented)).session.subject).toBe('u_graceAAAAAAAAAAA');
  });

  test('an e-mail address at a provider links nothing, however verified (IDB-01)', async () => {
    const claims = { sub: 'stranger', email: ada.email, email_verified: true, preferred_username: adaSubject };
    const { presented } = await goThere(running, provider, { claims });
    expect((await signInWith(presented)).session.subject).not.toBe(adaSubject);
  });

  test('only the session that began it completes it, and a code for the one purpose is of no use for the other (FIX-01)', async () => {
    const [person, same] = [await signedIn(grace), await signedIn(grace)];
    expect(await refusalOf(same.identities.link.mutate(await beginLink(person, 'lured')))).toMatchObject(invalidCode);
    expect(await refusalOf(signInWith(await beginLink(person, 'lured')))).toMatchObject(invalidCode);
    const { presented } = await goThere(running, provider, { claims: { sub: 'lured' } });
    expect(await refusalOf(person.identities.link.mutate(presented))).toMatchObject(invalidCode);
  });

  test('what belongs to another account stays with it', async () => {
    const { presented } = await goThere(running, provider, { claims: { sub: 'taken' } });
    await signInWith(presented);
    const person = await signedIn(grace);
    const refused = await refusalOf(person.identities.link.mutate(await beginLink(person, 'taken')));
    expect(refused).toMatchObject({ status: 409, reason: 'linked_to_another_account' });
  });
});

describe('whoever has a second factor here shows it (BYP-01)', () => {
  test('before a link is made or taken away: a password alone will not do', async () => {
    const weak = await signedIn(ada);
    const challenge = newChallenge().challenge;
    const stepUp = { status: 401, reason: 'insufficient_user_authentication' };
    const beginning = weak.identities.beginLink.mutate({ provider: 'scripted', returnTo, challenge });
    expect(await refusalOf(beginning)).toMatchObject(stepUp);
    expect(await refusalOf(weak.identities.link.mutate({ code: challenge, verifier: challenge }))).toMatchObject(
      stepUp,
    );
    expect(await refusalOf(weak.identities.unlink.mutate({ provider: 'scripted' }))).toMatchObject(stepUp);
  });

  test('after a sign-in with a provider that says it saw two: here it was one', async () => {
    const person = await adaInFull();
    await person.identities.link.mutate(await beginLink(person, 'ada-elsewhere'));
    const { presented } = await goThere(running, provider, { claims: { sub: 'ada-elsewhere', ...strong } });
    const tokens = await signInWith(presented);
    expect(tokens.session).toMatchObject({ subject: adaSubject, acr: 'aal1' });
    expect(tokens.session).not.toHaveProperty('secondFactorAt');
    running.advance(31);
    const { refreshToken } = tokens;
    const raised = await running.as().stepUp.mutate({ refreshToken, code: running.codeOf(adaSeed) });
    expect(raised.session.acr).toBe('aal2');
  });
});

test('a link that is taken away ends every session, and lets nobody in to that account any more', async () => {
  const person = await signedIn(grace);
  const { presented } = await goThere(running, provider, { claims: { sub: 'grace-elsewhere' } });
  const { refreshToken } = await signInWith(presented);
  expect(await person.identities.unlink.mutate({ provider: 'scripted' })).toMatchObject({ unlinked: true });
  expect(await refusalOf(running.as().refresh.mutate({ refreshToken }))).toMatchObject({ reason: 'invalid_token' });
  expect(await refusalOf(person.sessions.endOthers.mutate())).toMatchObject({ status: 401 });
  const again = await goThere(running, provider, { claims: { sub: 'grace-elsewhere' } });
  expect((await signInWith(again.presented)).session.subject).not.toBe('u_graceAAAAAAAAAAA');
});

test('the only way in stays', async () => {
  const { presented } = await goThere(running, provider, { claims: { sub: 'nowhere-else' } });
  const tokens = await signInWith(presented);
  const person = running.as(tokens.accessTokens['auth']?.token);
  const refused = await refusalOf(person.identities.unlink.mutate({ provider: 'scripted' }));
  expect(refused).toMatchObject({ status: 409, reason: 'only_way_in' });
});

test('links, and accounts that came with one, stand in the audit log, without anybody’s name elsewhere', async () => {
  const { rows } = await running.operator.query<{ entry: string; action: string }>(
    'SELECT action, entry FROM audit_log',
  );
  const actions = rows.map(({ action }) => action);
  expect(actions).toEqual(expect.arrayContaining(['account.created', 'identity.linked', 'identity.unlinked']));
  expect(rows.filter(({ entry }) => entry.includes('elsewhere'))).toEqual([]);
});
