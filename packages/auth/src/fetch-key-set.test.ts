import type { RequestListener } from 'node:http';
import { gzipSync } from 'node:zlib';
import { exportJWK, generateKeyPair } from 'jose';
import { afterAll, afterEach, expect, test } from 'vitest';
import { answer, keyServer, publicJwk } from './attacks/key-server.ts';
import { remoteKeys, type RemoteKeys } from './remote-keys.ts';

const good = await publicJwk('good');
const stranger = await publicJwk('stranger');
const wellSet = { keys: [good] };
const server = await keyServer(answer(wellSet));
afterAll(server.close);

const opened: RemoteKeys[] = [];
afterEach(() => {
  for (const keys of opened.splice(0)) keys.close();
});

async function privateJwk() {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: 'leak', alg: 'ES256' };
}

/** Sends the head of an answer, and then a byte now and then, for ever. */
const drip: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).write('{"keys":[');
  const timer = setInterval(() => response.write(' '), 10);
  response.once('close', () => clearInterval(timer));
};

const redirect: RequestListener = (request, response) =>
  request.url === '/keys'
    ? response.writeHead(302, { location: '/elsewhere' }).end()
    : answer({ keys: [stranger] })(request, response);

const compressedBomb: RequestListener = (_request, response) =>
  response
    .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
    .end(gzipSync(`{"keys":[],"pad":"${'x'.repeat(50_000_000)}"}`));

const cutOff: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' }).write('{"keys":[');
  setImmediate(() => response.destroy());
};

test.each<[string, RequestListener, string]>([
  ['a connection that is dropped', (request) => request.socket.destroy(), 'fetch failed'],
  ['status 500, with a key set', answer({ keys: [stranger] }, { status: 500 }), 'answered 500'],
  ['status 404', answer('{}', { status: 404 }), 'answered 404'],
  ['status 203, from somebody in between', answer({ keys: [stranger] }, { status: 203 }), 'answered 203'],
  ['nothing', answer(''), 'strict JSON'],
  ['an empty set', answer({ keys: [] }), 'no usable key'],
  ['an object without keys', answer({}), 'not a JWK set'],
  ['a list', answer([stranger]), 'strict JSON'],
  ['a page', answer('<!doctype html>', { type: 'text/html' }), 'text/html'],
  ['a key set that calls itself a page', answer({ keys: [stranger] }, { type: 'text/html' }), 'text/html'],
  ['JSON that says one member twice', answer(`{"keys":[],"keys":${JSON.stringify([stranger])}}`), 'strict JSON'],
  ['70 kB', answer({ keys: [stranger], pad: 'x'.repeat(70_000) }), 'over 65536 bytes'],
  ['50 MB in 50 kB', compressedBomb, 'over 65536 bytes'],
  ['half a set', cutOff, 'terminated'],
  ['a redirect', redirect, 'answered 302'],
  ['a slow drip', drip, 'timeout'],
  [
    '33 keys',
    answer({ keys: Array.from({ length: 33 }, (_, index) => ({ ...stranger, kid: `k${index}` })) }),
    'more than',
  ],
  ['a private key beside a good one', answer({ keys: [stranger, await privateJwk()] }), 'private'],
  ['a symmetric key', answer({ keys: [stranger, { kty: 'oct', k: 'c2VjcmV0', kid: 'x', alg: 'HS256' }] }), 'symmetric'],
  ['one kid twice', answer({ keys: [stranger, await publicJwk('stranger')] }), 'repeated'],
  ['one kid twice, once for another use', answer({ keys: [stranger, { ...stranger, use: 'enc' }] }), 'repeated'],
  ['a key for encryption', answer({ keys: [{ ...stranger, use: 'enc' }] }), 'no usable key'],
  ['a key without alg (JWT-02)', answer({ keys: [await publicJwk('stranger', { alg: undefined })] }), 'no usable key'],
])('%s never replaces good keys, and is told (MET-04)', async (_name, respond, why) => {
  server.state.respond = answer(wellSet);
  const failures: unknown[] = [];
  const keys = remoteKeys({ url: server.url, loadWithinMs: 2000, onLoadFailed: (error) => failures.push(error) });
  opened.push(keys);
  await keys.refreshNow();
  expect(failures).toEqual([]);
  server.state.respond = respond;
  await keys.refreshNow();
  expect(keys.find('good')).toBeDefined();
  expect(keys.find('stranger')).toBeUndefined();
  expect(keys.usable()).toBe(true);
  expect(keys.epoch()).toBe(0);
  expect(failures.map(String)).toEqual([expect.stringContaining(why)]);
});

test('keys of other kinds are left out, not fatal (JWK-03)', async () => {
  server.state.respond = answer({
    keys: [{ kty: 'OKP', crv: 'X448', kid: 'x' }, 'junk', { kty: 'made-up', kid: 'y' }, good],
    more: { that: ['nobody', 'knows'] },
  });
  const keys = remoteKeys({ url: server.url });
  opened.push(keys);
  await keys.refreshNow();
  expect(['good', 'x', 'y'].map((kid) => keys.find(kid)?.keyId)).toEqual(['good', undefined, undefined]);
});
