import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { localVerifier, readAuthorization, systemClock, type BearerToken } from '@sallyport/auth';
import { testAuthority, type TestAuthority } from '@sallyport/auth/testing';
import { sealRouter } from '@sallyport/auth/trpc';
import { createLog, serve, type HttpAnswer, type Running } from '@sallyport/service';
import { initTRPC } from '@trpc/server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { fetchingVerifier } from './fetching-verifier.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const clientKey = { ...privateKey.export({ format: 'jwk' }), kid: 'payments-1' };

let authority: TestAuthority;
let endpoint: Running;
let answer: HttpAnswer;
const forms: URLSearchParams[] = [];

beforeAll(async () => {
  authority = await testAuthority(systemClock);
  endpoint = await serve({
    name: 'auth',
    router: sealRouter(initTRPC.create().router({})),
    port: 0,
    host: '127.0.0.1',
    createContext: () => ({}),
    readiness: async () => ({}),
    log: createLog('test', 'silent'),
    routes: [
      {
        method: 'POST',
        path: '/oauth/introspect',
        handle: async (request) => {
          forms.push(request.form());
          return answer;
        },
      },
    ],
  });
});
afterAll(() => endpoint.close());

async function check(token: BearerToken) {
  const local = localVerifier({ issuer: authority.issuer, audience: 'payments', keys: authority.keys });
  const key = { key: clientKey, format: 'jwk' } as const;
  return fetchingVerifier(local, { issuer: endpoint.url, clientId: 'payments', clientKey: key }).verify(token);
}

async function someToken(): Promise<BearerToken> {
  const text = await authority.userToken({
    audience: 'payments',
    scope: 'payments:write',
    subject: 'u_ada',
    session: '1.a',
  });
  const read = readAuthorization([`Bearer ${text}`]);
  if (read.kind !== 'token') throw new Error('This is no token.');
  return read.token;
}

const active = { active: true, sub: 'u_ada', client_id: 'web', auth_time: 7, acr: 'aal2' };

test('what the endpoint says of the session is what the verifier says', async () => {
  answer = { status: 200, json: active };
  const verification = await check(await someToken());
  expect(verification).toMatchObject({ outcome: 'verified', session: { authTime: 7, acr: 'aal2', secondFactorAt: 7 } });
});

test.each([
  ['an inactive token', { active: false }],
  ['somebody else’s answer', { ...active, sub: 'u_eve' }],
  ['another client’s answer', { ...active, client_id: 'cli' }],
])('%s is refused', async (_, json) => {
  answer = { status: 200, json };
  expect(await check(await someToken())).toMatchObject({ outcome: 'refused', reason: 'revoked' });
});

test('an endpoint that does not answer is no answer', async () => {
  answer = { status: 503, json: {} };
  expect(await check(await someToken())).toEqual({ outcome: 'unknown', reason: 'authority_unreachable' });
});

test('each question carries an assertion of its own, signed for this authority', async () => {
  answer = { status: 200, json: active };
  forms.length = 0;
  await Promise.all([check(await someToken()), check(await someToken())]);
  const assertions = forms.map((form) => form.get('client_assertion') ?? '');
  const ids = new Set<unknown>();
  for (const assertion of assertions) {
    const [header = '', claims = '', signature = ''] = assertion.split('.');
    const key = {
      key: createPublicKey(publicKey.export({ format: 'pem', type: 'spki' })),
      dsaEncoding: 'ieee-p1363',
    } as const;
    expect(verify('sha256', Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, 'base64url'))).toBe(true);
    const said: unknown = JSON.parse(Buffer.from(claims, 'base64url').toString());
    expect(said).toMatchObject({ iss: 'payments', aud: endpoint.url });
    ids.add(z.object({ jti: z.string() }).parse(said).jti);
  }
  expect(ids.size).toBe(2);
});
