import { createServer, type RequestListener, type Server } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { afterEach, expect, test } from 'vitest';
import { remoteKeys, type RemoteKeys, type RemoteKeysOptions } from './remote-keys.ts';
import { heldClock } from './testing.ts';

const servers: Server[] = [];
const opened: RemoteKeys[] = [];
afterEach(() => {
  for (const keys of opened.splice(0)) keys.close();
  for (const server of servers.splice(0)) server.close();
});

function open(options: RemoteKeysOptions): RemoteKeys {
  const keys = remoteKeys(options);
  opened.push(keys);
  return keys;
}

async function publicJwk(kid: string, change: Readonly<Record<string, unknown>> = {}) {
  const { publicKey } = await generateKeyPair('ES256', { extractable: true });
  return { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig', ...change };
}

/** An issuer that answers as `respond` says, and counts. */
async function issuer(first: RequestListener) {
  const state = { respond: first, asked: 0 };
  const server = createServer((request, response) => {
    state.asked += 1;
    state.respond(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { state, url: `http://127.0.0.1:${address.port}/keys` };
}

const answer =
  (body: unknown, status = 200): RequestListener =>
  (_request, response) => {
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(typeof body === 'string' ? body : JSON.stringify(body));
  };

test('an unknown kid makes one load in thirty seconds, however many tokens ask', async () => {
  const clock = heldClock();
  const { state, url } = await issuer(answer({ keys: [await publicJwk('a')] }));
  const keys = open({ url, clock });
  await Promise.all(Array.from({ length: 100 }, () => keys.refresh()));
  expect(state.asked).toBe(1);
  expect(keys.find('a')?.algorithm).toBe('ES256');
  for (let index = 0; index < 100; index += 1) await keys.refresh();
  clock.advance(29);
  await keys.refresh();
  expect(state.asked).toBe(1);
  clock.advance(1);
  await keys.refresh();
  expect(state.asked).toBe(2);
});

test('a bad answer never replaces good keys, and is told', async () => {
  const clock = heldClock();
  const good = await publicJwk('good');
  const { state, url } = await issuer(answer({ keys: [good] }));
  const failures: unknown[] = [];
  const keys = open({ url, clock, onLoadFailed: (error) => failures.push(error) });
  await keys.refreshNow();
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const elsewhere = { keys: [await publicJwk('elsewhere')] };
  const bad: RequestListener[] = [
    answer({ keys: [] }),
    answer('not json'),
    answer({ keys: [good] }, 500),
    answer(`{"keys":[],"pad":"${'x'.repeat(70_000)}"}`),
    answer({ keys: [await publicJwk('other'), await publicJwk('other')] }),
    answer({ keys: [{ ...(await exportJWK(privateKey)), kid: 'leak', alg: 'ES256' }] }),
    answer({ keys: [await publicJwk('enc', { use: 'enc' })] }),
    answer({ keys: [await publicJwk('no-alg', { alg: undefined })] }),
    answer({ keys: [await publicJwk('off-curve', { x: good.y, y: good.x })] }),
    (request, response) =>
      request.url === '/keys'
        ? response.writeHead(302, { location: '/elsewhere' }).end()
        : answer(elsewhere)(request, response),
    (request) => request.socket.destroy(),
  ];
  for (const respond of bad) {
    state.respond = respond;
    await keys.refreshNow();
    expect(keys.find('good')).toBeDefined();
  }
  expect(failures.length).toBe(bad.length);
});

test('keys of other kinds are left out, not fatal', async () => {
  const { url } = await issuer(answer({ keys: [{ kty: 'OKP', crv: 'X448', kid: 'x' }, 'junk', await publicJwk('a')] }));
  const keys = open({ url });
  await keys.refreshNow();
  expect(keys.find('a')).toBeDefined();
  expect(keys.find('x')).toBeUndefined();
});

test('keys that could not be renewed serve for a day, then count as unknown', async () => {
  const clock = heldClock();
  const { state, url } = await issuer(answer({ keys: [await publicJwk('a')] }));
  const keys = open({ url, clock });
  expect(keys.usable()).toBe(false);
  await keys.refreshNow();
  state.respond = answer('', 503);
  clock.advance(24 * 3600);
  await keys.refresh();
  expect(keys.usable()).toBe(true);
  clock.advance(1);
  expect(keys.usable()).toBe(false);
});
