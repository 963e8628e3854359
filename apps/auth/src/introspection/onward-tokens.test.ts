import type { IntrospectionQuestion } from '@sallyport/auth';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { disableClient, enableClient } from '../clients/manage-clients.ts';
import type { TokenSet } from '../sign-in/token-set.ts';
import type { ServiceName } from '../testing/callers.ts';
import { claimsOf, headerOf, someText, transactionClaims } from '../testing/expected.ts';
import { grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';

let auth: RunningAuthority;
const asking = new Map<ServiceName, string>();
let tokens: TokenSet;

beforeAll(async () => {
  auth = await runAuthority();
  for (const name of ['payments', 'catalog'] as const) asking.set(name, await serviceToken(name, 'auth', 'introspect'));
});
afterAll(() => auth.close());
beforeEach(async () => {
  tokens = await auth.as().signIn.mutate(grace);
});

const context = { product: 'p_1', amount: '1999', currency: 'EUR' };
const textFor = (audience: string, set = tokens) => set.accessTokens[audience]?.token ?? '';

async function serviceToken(name: ServiceName, audience: string, scope: string): Promise<string> {
  const { json } = await auth.postAs(name, '/oauth/token', { grant_type: 'client_credentials', audience, scope });
  return String(json['access_token']);
}

/** What payments asks about a token that reached it, and asks to carry its sender on with. */
function question(token = textFor('payments'), onward: object = {}): IntrospectionQuestion {
  const { jti, sid, sub, client_id: client } = claimsOf(token);
  const about = { tokenId: String(jti), session: String(sid), subject: String(sub), client: String(client) };
  return { ...about, onward: { token, scope: 'catalog:read', context, ...onward } };
}

async function ask(questions: readonly IntrospectionQuestion[], by: ServiceName = 'payments') {
  return (await auth.as(asking.get(by)).internal.introspect.query({ questions: [...questions] })).answers;
}

/** Alone, and the same among others, which is another statement. */
async function onwardOf(asked: IntrospectionQuestion, by: ServiceName = 'payments'): Promise<unknown> {
  const [alone] = await ask([asked], by);
  const [among] = await ask([asked, asked], by);
  const [said, saidAmong] = [alone, among].map((answer) => (answer?.active === true ? answer.onward : answer));
  const isCarried = typeof said === 'object' && 'transaction' in said;
  expect(saidAmong).toEqual(isCarried ? { transaction: someText } : said);
  return said;
}

test('who is found alive comes with a transaction token that says what an exchange would have made it say (TTS-01)', async () => {
  const [answer] = await ask([question()]);
  expect(answer).toMatchObject({ active: true, acr: 'aal1', onward: { transaction: someText } });
  const transaction =
    answer?.active === true && answer.onward && 'transaction' in answer.onward && answer.onward.transaction;
  expect(headerOf(transaction)).toMatchObject({ typ: 'txntoken+jwt', alg: 'ES256' });
  const claims = claimsOf(transaction);
  const carried = { issuer: auth.issuer, session: tokens.session, context };
  expect(claims).toEqual(transactionClaims(claims, carried));
});

test('nobody else in the batch gets one, and each that asks gets its own', async () => {
  const { onward: _, ...plain } = question();
  const answers = await ask([plain, question(), question(), plain]);
  const transactions = answers.map((answer) => {
    const onward = answer.active ? answer.onward : undefined;
    return onward && 'transaction' in onward ? onward.transaction : undefined;
  });
  expect([transactions[0], transactions[3]]).toEqual([undefined, undefined]);
  expect(claimsOf(transactions[1])['txn']).not.toBe(claimsOf(transactions[2])['txn']);
});

test('a session that is over, or a token that is revoked, gives no transaction token, from the moment that revoking has answered', async () => {
  const ended = question();
  await auth.as().signOut.mutate({ refreshToken: tokens.refreshToken });
  expect(await ask([ended])).toEqual([{ active: false }]);

  const other = await auth.as().signIn.mutate(grace);
  const revoked = question(textFor('payments', other));
  await auth.post('/oauth/revoke', { client_id: 'web', token: textFor('payments', other) });
  expect(await ask([revoked])).toEqual([{ active: false }]);
});

test('a living session does not lend its answer to the token of another (TEX-02)', async () => {
  const dead = textFor('payments');
  await auth.as().signOut.mutate({ refreshToken: tokens.refreshToken });
  const living = question(textFor('payments', await auth.as().signIn.mutate(grace)));
  expect(await onwardOf({ ...living, onward: { token: dead, scope: 'catalog:read', context } })).toEqual({
    refused: 'invalid_grant',
  });
  for (const name of ['tokenId', 'session', 'subject', 'client'] as const) {
    const [answer] = await ask([{ ...living, [name]: `${living[name]}x` }]);
    const isAnswered = answer?.active === true;
    // Any token id is one that nobody revoked; it is not the token's, all the same.
    expect([name, isAnswered ? answer.onward : 'nobody']).toEqual([
      name,
      name === 'tokenId' ? { refused: 'invalid_grant' } : 'nobody',
    ]);
  }
});

type Case = [why: string, by: ServiceName, onward: () => object | Promise<object>, error: string];

test.each<Case>([
  ['by a service without the right', 'catalog', () => ({ token: textFor('catalog') }), 'unauthorized_client'],
  ['with a scope that the asker may not carry', 'payments', () => ({ scope: 'catalog:write' }), 'invalid_scope'],
  ['with one beside a scope it may', 'payments', () => ({ scope: 'catalog:read payments:write' }), 'invalid_scope'],
  ['with no scope', 'payments', () => ({ scope: '' }), 'invalid_request'],
  ['with a token for another audience', 'payments', () => ({ token: textFor('catalog') }), 'invalid_grant'],
  [
    'with the asker’s own token',
    'payments',
    async () => ({ token: await serviceToken('payments', 'catalog', 'catalog:read') }),
    'invalid_grant',
  ],
  ['with a refresh token', 'payments', () => ({ token: tokens.refreshToken }), 'invalid_grant'],
  ['with another spelling of the token', 'payments', () => ({ token: `${textFor('payments')}=` }), 'invalid_grant'],
  [
    'with a token that names another actor',
    'payments',
    async () => ({ token: await naming({ sub: 'catalog' }) }),
    'invalid_grant',
  ],
  ['with no token', 'payments', () => ({ token: undefined }), 'invalid_request'],
  ['with details that are not texts', 'payments', () => ({ context: { amount: 1999 } }), 'invalid_request'],
  [
    'with too many details',
    'payments',
    () => ({ context: Object.fromEntries(Array.from({ length: 17 }, (_, name) => [name, 'x'])) }),
    'invalid_request',
  ],
  ['with something that is not known', 'payments', () => ({ audience: 'catalog' }), 'invalid_request'],
])(
  'nobody is carried on %s, and the answer about them stays (TEX-01, TEX-06, TTS-03)',
  async (_, by, onward, error) => {
    const asked = question(textFor(by));
    const changed = { ...asked.onward, ...(await onward()) };
    const [answer, other] = await ask(
      [{ ...asked, onward: changed } as IntrospectionQuestion, question(textFor(by), {})],
      by,
    );
    expect(answer).toMatchObject({ active: true, acr: 'aal1', onward: { refused: error } });
    expect(other).toMatchObject({ active: true });
  },
);

/** Grace's token as the authority would sign it, if it named who may act with it. */
async function naming(mayAct: unknown): Promise<string> {
  const { keyId, privateKey } = auth.authority.keys.signing();
  return new SignJWT({ ...claimsOf(textFor('payments')), may_act: mayAct })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: keyId })
    .sign(privateKey);
}

test('nobody is carried on with a token that was issued for another service, though it is the one that is asked about', async () => {
  expect(await onwardOf(question(textFor('catalog')))).toEqual({ refused: 'invalid_grant' });
});

test('a token that is over carries nobody, though its session lives', async () => {
  const asked = question();
  auth.advance(300);
  asking.set('payments', await serviceToken('payments', 'auth', 'introspect'));
  expect(await onwardOf(asked)).toEqual({ refused: 'invalid_grant' });
});

test('what is taken from a client counts at the next question (TEX-07, TTS-07)', async () => {
  const change = (sql: string) => auth.operator.query(`UPDATE clients SET ${sql}`);
  await change(`user_scopes = user_scopes - 'catalog' WHERE client_id = 'web'`);
  expect(await onwardOf(question())).toEqual({ refused: 'invalid_scope' });
  await change(`user_scopes = user_scopes || '{"catalog":["catalog:read"]}' WHERE client_id = 'web'`);
  expect(await onwardOf(question())).toEqual({ transaction: someText });
  await change(`exchange_targets = '{}' WHERE client_id = 'payments'`);
  expect(await onwardOf(question())).toEqual({ refused: 'invalid_target' });
  await change(`exchange_targets = '{"sallyport":["catalog:read"]}' WHERE client_id = 'payments'`);
  expect(await onwardOf(question())).toEqual({ transaction: someText });
  // Its token is good until the feed has told of it; its rights are read anew.
  await change(`enabled = false WHERE client_id = 'payments'`);
  expect(await onwardOf(question())).toEqual({ refused: 'unauthorized_client' });
  await change(`enabled = true WHERE client_id = 'payments'`);
});

test('a service that is disabled carries nobody on, and hears so', async () => {
  await disableClient(auth.authority, 'payments', { because: 'test' });
  await expect
    .poll(() =>
      ask([question()]).then(
        () => 'answered',
        () => 'refused',
      ),
    )
    .toBe('refused');
  await enableClient(auth.authority, 'payments', { because: 'test' });
});

test('a question without the asker’s right to ask is refused as ever', async () => {
  const token = await serviceToken('catalog', 'auth', 'revocations');
  await expect(auth.as(token).internal.introspect.query({ questions: [question()] })).rejects.toThrow();
});
