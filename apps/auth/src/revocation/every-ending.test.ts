import type { Revocation } from '@sallyport/auth';
import { followRevocations, makeConsistencyToken } from '@sallyport/auth';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { disableClient, enableClient, updateClient } from '../clients/manage-clients.ts';
import { denySigningKey } from '../keys/deny-key.ts';
import { publicKeyJwk } from '../keys/public-key.ts';
import { newServiceKey } from '../testing/callers.ts';
import { headerOf } from '../testing/expected.ts';
import { ada, adaSeed, adaSubject, grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { cutOff } from './cut-off.ts';
import { lastPosition, readRevocations } from './revocation-outbox.ts';
import { ownRevocations } from './revocation-stream.ts';

let auth: RunningAuthority;
beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());

const signIn = () => auth.as().signIn.mutate(grace);
type SignedIn = Awaited<ReturnType<typeof signIn>>;
/** After which the first token cannot be one whose answer was lost. */
async function refreshTwice({ refreshToken }: SignedIn): Promise<void> {
  const next = await auth.as().refresh.mutate({ refreshToken });
  await auth.as().refresh.mutate({ refreshToken: next.refreshToken });
}
const tokenFor = (set: SignedIn, audience: string): string => set.accessTokens[audience]?.token ?? '';

/** What an ending must leave in the feed, the table whose row says so as well, and the consistency token it hands out. */
type Ending = Readonly<{
  told: Partial<Revocation>;
  row: `${'sessions' | 'revoked_tokens' | 'cut_offs' | 'signing_keys'} WHERE ${string}`;
  consistencyToken?: string | undefined;
}>;

const ofSession = ({ session }: SignedIn, consistencyToken?: string): Ending => ({
  told: { kind: 'session', session: session.id },
  row: `sessions WHERE sid = '${session.id}'`,
  consistencyToken,
});

const headerIn = (answer: { headers: Headers }): string | undefined =>
  answer.headers.get('consistency-token') ?? undefined;

/** Every way in which the authority ends something. What ends something new belongs here. */
const endings: Readonly<Record<string, () => Promise<Ending>>> = {
  'sign-out': async () => {
    const set = await signIn();
    const { consistencyToken } = await auth.as().signOut.mutate({ refreshToken: set.refreshToken });
    return ofSession(set, consistencyToken);
  },
  'ending one session': async () => {
    const [here, there] = [await signIn(), await signIn()];
    const account = auth.as(tokenFor(here, 'auth'));
    const { consistencyToken } = await account.sessions.end.mutate({ session: there.session.id });
    return ofSession(there, consistencyToken);
  },
  'ending all other sessions': async () => {
    const [here, there] = [await signIn(), await signIn()];
    const { consistencyToken } = await auth.as(tokenFor(here, 'auth')).sessions.endOthers.mutate();
    return ofSession(there, consistencyToken);
  },
  'revoking a refresh token (RFC 7009)': async () => {
    const set = await signIn();
    return ofSession(set, headerIn(await auth.post('/oauth/revoke', { client_id: 'web', token: set.refreshToken })));
  },
  'revoking an access token (RFC 7009)': async () => {
    const set = await signIn();
    const answer = await auth.post('/oauth/revoke', { client_id: 'web', token: tokenFor(set, 'catalog') });
    const [row] = await readRevocations(auth.authority.database, (await lastPosition(auth.authority.database)) - 1, 1);
    const tokenId = row?.event.kind === 'token' ? row.event.tokenId : '';
    const told = { kind: 'token', tokenId } as const;
    return { told, row: `revoked_tokens WHERE token_id = '${tokenId}'`, consistencyToken: headerIn(answer) };
  },
  'reuse of a refresh token, over tRPC': async () => {
    const set = await signIn();
    await refreshTwice(set);
    await expect(auth.as().refresh.mutate({ refreshToken: set.refreshToken })).rejects.toThrow();
    return ofSession(set);
  },
  'reuse of a refresh token, over OAuth': async () => {
    const set = await signIn();
    await refreshTwice(set);
    const form = {
      grant_type: 'refresh_token',
      client_id: 'web',
      resource: 'catalog',
      refresh_token: set.refreshToken,
    };
    expect((await auth.post('/oauth/token', form)).status).toBe(400);
    return ofSession(set);
  },
  'reuse of a refresh token, at a step-up': async () => {
    const set = await signIn();
    await refreshTwice(set);
    await expect(auth.as().stepUp.mutate({ refreshToken: set.refreshToken, code: '123456' })).rejects.toThrow();
    return ofSession(set);
  },
  'a step-up, after which the id before is good for nothing': async () => {
    const set = await auth.as().signIn.mutate(ada);
    const { session } = await auth.as().stepUp.mutate({ refreshToken: set.refreshToken, code: auth.codeOf(adaSeed) });
    return { told: { kind: 'session', session: set.session.id }, row: `sessions WHERE sid = '${session.id}'` };
  },
  'a factor that was removed': async () => {
    const set = await auth.as().signIn.mutate(ada);
    auth.advance(31);
    const code = auth.codeOf(adaSeed);
    const raised = await auth.as().stepUp.mutate({ refreshToken: set.refreshToken, code });
    const account = auth.as(tokenFor(raised, 'auth'));
    const { consistencyToken } = await account.factors.remove.mutate({ kind: 'totp' });
    const row = `cut_offs WHERE kind = 'subject' AND name = '${adaSubject}'` as const;
    return { told: { kind: 'subject', subject: adaSubject }, row, consistencyToken };
  },
  'a cut-off of a subject': async () => {
    const { session } = await signIn();
    const { upToSerial, position } = await cutOff(
      auth.authority,
      { kind: 'subject', subject: session.subject },
      { because: 'test' },
    );
    const told = { kind: 'subject', subject: session.subject, upToSerial } as const;
    const row = `cut_offs WHERE kind = 'subject' AND name = '${session.subject}'` as const;
    return { told, row, consistencyToken: makeConsistencyToken(position) };
  },
  'a cut-off of a client': async () => {
    const { upToSerial, position } = await cutOff(
      auth.authority,
      { kind: 'client', client: 'web' },
      { because: 'test' },
    );
    const told = { kind: 'client', client: 'web', upToSerial } as const;
    return {
      told,
      row: `cut_offs WHERE kind = 'client' AND name = 'web'`,
      consistencyToken: makeConsistencyToken(position),
    };
  },
  'a client that is disabled': async () => {
    await signIn();
    const outcome = await disableClient(auth.authority, 'web', { because: 'test' });
    await enableClient(auth.authority, 'web', { because: 'test' });
    const told = { kind: 'client', client: 'web' } as const;
    const consistencyToken = outcome.outcome === 'done' ? makeConsistencyToken(outcome.position) : undefined;
    return { told, row: `cut_offs WHERE kind = 'client' AND name = 'web'`, consistencyToken };
  },
  'a client from which something is taken': async () => {
    const key = (await newServiceKey('payments-2')).publicJwk;
    const publicKeys = [publicKeyJwk.parse(auth.keys.payments.publicJwk)];
    const change = (keys: typeof publicKeys) =>
      updateClient(auth.authority, { clientId: 'payments', changes: { publicKeys: keys } }, { because: 'test' });
    await change([...publicKeys, publicKeyJwk.parse(key)]);
    const outcome = await change(publicKeys);
    const told = { kind: 'client', client: 'payments' } as const;
    const consistencyToken = outcome.outcome === 'done' ? makeConsistencyToken(outcome.position) : undefined;
    return { told, row: `cut_offs WHERE kind = 'client' AND name = 'payments'`, consistencyToken };
  },
  'a cut-off of everyone': async () => {
    const { upToSerial, position } = await cutOff(auth.authority, { kind: 'everyone' }, { because: 'test' });
    const told = { kind: 'everyone', upToSerial } as const;
    return { told, row: `cut_offs WHERE kind = 'everyone'`, consistencyToken: makeConsistencyToken(position) };
  },
  'a key that somebody else may have': async () => {
    const keyId = String(headerOf(tokenFor(await signIn(), 'catalog'))['kid']);
    const denial = await denySigningKey(auth.authority, keyId, { because: 'test' });
    return {
      told: { kind: 'key', keyId },
      row: `signing_keys WHERE kid = '${keyId}'`,
      consistencyToken: denial && makeConsistencyToken(denial.position),
    };
  },
};

test.each(Object.entries(endings))(
  '%s stands in the feed, in the transaction that ends it, and is in force within a second',
  async (_how, end) => {
    const follower = followRevocations(ownRevocations({ database: auth.authority.database, wake: auth.wake }));
    const before = await lastPosition(auth.authority.database);
    const { told, row, consistencyToken } = await end();
    const news = await readRevocations(auth.authority.database, before, 100);
    const found = news.findLast(({ event }) =>
      Object.entries(told).every(([key, value]) => Object(event)[key] === value),
    );
    const position = found?.event.position ?? 0;
    expect(position).toBeGreaterThan(before);
    const { rows } = await auth.operator.query(
      `SELECT (SELECT xmin::text FROM revocations WHERE position = $1) = (SELECT xmin::text FROM ${row}) AS same`,
      [position],
    );
    expect(rows).toEqual([{ same: true }]);
    expect((consistencyToken ?? makeConsistencyToken(position)) >= makeConsistencyToken(position)).toBe(true);
    await vi.waitFor(() => expect(follower.position()).toBeGreaterThanOrEqual(position), {
      timeout: 1000,
      interval: 5,
    });
    follower.close();
  },
);

test('a denied key signs nothing more, and is published no more; denying it again changes nothing', async () => {
  const keyId = String(headerOf(tokenFor(await signIn(), 'catalog'))['kid']);
  const denial = await denySigningKey(auth.authority, keyId, { because: 'test' });
  // The authority's own gates hear of it over the feed, and it reads its keys again.
  await vi.waitFor(() => expect(auth.authority.keys.signing().keyId).toBe(denial?.signsNow), { timeout: 3000 });
  expect(JSON.stringify(auth.authority.keys.published())).not.toContain(keyId);
  const before = await lastPosition(auth.authority.database);
  expect(await denySigningKey(auth.authority, keyId, { because: 'test' })).toEqual({
    signsNow: denial?.signsNow,
    position: before,
  });
  expect(await denySigningKey(auth.authority, 'unknown', { because: 'test' })).toBeUndefined();
});

test('what is already done is done before the token that its repetition hands out', async () => {
  const set = await signIn();
  const first = await auth.as().signOut.mutate({ refreshToken: set.refreshToken });
  const again = await auth.as().signOut.mutate({ refreshToken: set.refreshToken });
  const unknown = await auth.as().signOut.mutate({ refreshToken: 'C'.repeat(43) });
  expect(again.consistencyToken >= first.consistencyToken).toBe(true);
  expect(unknown.consistencyToken >= first.consistencyToken).toBe(true);
});
