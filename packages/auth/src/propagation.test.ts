import { expect, test } from 'vitest';
import { isCanonicalCompactJws, type BearerToken } from './bearer-token.ts';
import { readTransactionHeader, transactionVerifier } from './propagation.ts';
import { heldClock, testAuthority, type CarriedTransaction } from './testing.ts';

async function open() {
  const clock = heldClock();
  const authority = await testAuthority(clock);
  const { issuer, trustDomain, keys } = authority;
  const verify = transactionVerifier({ issuer, trustDomain, keys, clock });
  const outcomeOf = async (changes: Partial<CarriedTransaction> = {}): Promise<string> => {
    const verification = await verify(
      canonical(await authority.transactionToken({ scope: 's', service: 'payments', ...changes })),
    );
    return verification.outcome === 'verified' ? 'verified' : verification.reason;
  };
  return { authority, clock, verify, outcomeOf };
}

function canonical(text: string): BearerToken {
  if (!isCanonicalCompactJws(text)) throw new Error('not a compact JWS');
  return text;
}

test('a transaction token gives what it froze, and who carries whom', async () => {
  const { authority, verify } = await open();
  const text = await authority.transactionToken({
    scope: 'catalog:read',
    service: 'front,payments',
    context: { amount: '1999', product: 'p_1' },
  });
  expect(await verify(canonical(text))).toMatchObject({
    outcome: 'verified',
    token: { subject: 'u_ada', client: 'payments', session: '1.test', scope: new Set(['catalog:read']) },
    transaction: { chain: ['front', 'payments'], context: { amount: '1999', product: 'p_1' } },
  });
});

test.each(['iss', 'iat', 'exp', 'aud', 'txn', 'sub', 'scope', 'req_wl', 'sid'])(
  'a transaction token without %s is refused (TTS-02)',
  async (claim) => {
    const { outcomeOf } = await open();
    expect(await outcomeOf()).toBe('verified');
    expect(await outcomeOf({ claims: { [claim]: undefined } })).toMatch(/^token_(claims|issuer|audience)$/);
  },
);

test.each<[string, Readonly<Record<string, unknown>>, string]>([
  ['another issuer', { iss: 'http://authority.test/' }, 'token_issuer'],
  ['a list of trust domains', { aud: ['sallyport'] }, 'token_audience'],
  ['a workload that is empty', { req_wl: 'front,,payments' }, 'token_claims'],
  ['workloads as a list', { req_wl: ['payments'] }, 'token_claims'],
  ['scopes as a list', { scope: ['s'] }, 'token_claims'],
  ['a context that is a list', { tctx: ['amount'] }, 'token_claims'],
  ['a number in its context', { tctx: { amount: 1999 } }, 'token_claims'],
])('a transaction token with %s is refused', async (_name, claims, reason) => {
  const { outcomeOf } = await open();
  expect(await outcomeOf({ claims })).toBe(reason);
});

test('a transaction token lives a minute at most, to the second (TTS-13)', async () => {
  const { authority, clock, verify, outcomeOf } = await open();
  const now = clock.epochSeconds();
  expect(await outcomeOf({ claims: { iat: now, exp: now + 60 } })).toBe('verified');
  expect(await outcomeOf({ claims: { iat: now, exp: now + 61 } })).toBe('token_lifetime');
  const text = canonical(await authority.transactionToken({ scope: 's', service: 'payments' }));
  clock.advance(59);
  expect(await verify(text)).toMatchObject({ outcome: 'verified' });
  clock.advance(1);
  expect(await verify(text)).toMatchObject({ outcome: 'refused', reason: 'token_expired' });
});

test('an access token is no transaction token (TTS-01, JWT-13)', async () => {
  const { authority, verify } = await open();
  const claims = { aud: 'sallyport', txn: 't', req_wl: 'payments' };
  const text = await authority.userToken({ audience: 'sallyport', scope: 's', claims });
  expect(await verify(canonical(text))).toMatchObject({ outcome: 'refused', reason: 'token_type' });
});

test('one Txn-Token header with one token, or none at all (TTS-08)', async () => {
  const { authority } = await open();
  const text = await authority.transactionToken({ scope: 's', service: 'payments' });
  expect(readTransactionHeader([])).toEqual({ kind: 'none' });
  expect(readTransactionHeader([text])).toEqual({ kind: 'token', token: text });
  const malformed = [[text, text], [`${text}, ${text}`], [`${text},${text}`], [`Bearer ${text}`], [` ${text}`], ['']];
  for (const values of malformed)
    expect(readTransactionHeader(values)).toEqual({ kind: 'refused', reason: 'transaction_header_malformed' });
});
