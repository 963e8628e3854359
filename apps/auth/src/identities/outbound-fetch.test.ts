import { once } from 'node:events';
import { createServer } from 'node:http';
import type { LookupFunction } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { outboundFetch } from './outbound-fetch.ts';
import { isReachable } from './reachable-address.ts';

/** Whoever reaches it has got past every check. */
let connections = 0;
let path = '/';
const canary = createServer((request, response) => {
  path = request.url ?? '';
  if (path === '/redirect') return void response.writeHead(302, { location: `${base()}/hit` }).end();
  if (path === '/compressed') return void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
  if (path === '/large') return void response.end(Buffer.alloc(64 * 1024 + 1));
  // Never ends by itself.
  if (path === '/endless') return void response.writeHead(200).write('{');
  return void response.end('{}');
});
canary.on('connection', () => (connections += 1));

const port = (): number => {
  const address = canary.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};
const base = (): string => `http://127.0.0.1:${port()}`;

beforeAll(async () => {
  canary.listen(0, '127.0.0.1');
  await once(canary, 'listening');
});

beforeEach(() => {
  connections = 0;
});

afterAll(() => {
  canary.closeAllConnections();
  canary.close();
});

/** A name service that answers these, one after another, and the last for ever. */
function answering(...answers: readonly (readonly string[])[]): LookupFunction {
  let asked = 0;
  return (_name, _options, callback) => {
    const addresses = answers[Math.min(asked, answers.length - 1)] ?? [];
    asked += 1;
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}

describe('a provider’s servers are called where they may be, and nobody else is (SSR-01, MET-04)', () => {
  test.each([
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    'localhost',
  ])('this machine as %s is not public', async (host) => {
    for (const reach of ['public', 'private'] as const) {
      await expect(outboundFetch({ reach })(`https://${host}:${port()}/hit`)).rejects.toThrow(/out of reach/);
    }
    expect(connections).toBe(0);
  });

  test('nor is a name that stands for it, alone or among others, or stands for it only the second time', async () => {
    const names = [answering(['127.0.0.1']), answering(['8.8.8.8', '127.0.0.1']), answering(['::1']), answering([])];
    for (const lookup of names) {
      const call = outboundFetch({ reach: 'public', lookup })(`https://provider.example:${port()}/hit`);
      await expect(call).rejects.toThrow(/out of reach/);
    }
    // What was checked is what is connected to: there is no second question for it to answer otherwise.
    const lookup = answering(['127.0.0.1'], ['8.8.8.8']);
    await outboundFetch({ reach: 'this machine', lookup })(`http://localhost.example:${port()}/hit`);
    expect(connections).toBe(1);
  });

  test('an address that is on no public network, and one that is', () => {
    const refused = [
      '169.254.169.254',
      '10.0.0.1',
      '172.16.0.1',
      '192.168.1.1',
      '100.64.0.1',
      '224.0.0.1',
      '255.255.255.255',
    ];
    expect(refused.filter((address) => isReachable(address, 'public'))).toEqual([]);
    expect(['fd00::1', 'fe80::1', 'ff02::1', '2001:db8::1', '::'].filter((one) => isReachable(one, 'public'))).toEqual(
      [],
    );
    expect(['8.8.8.8', '2606:4700::1111'].every((address) => isReachable(address, 'public'))).toBe(true);
    expect(['10.0.0.1', 'fd00::1', '8.8.8.8'].every((address) => isReachable(address, 'private'))).toBe(true);
    expect(['169.254.169.254', '127.0.0.1', '::1'].filter((one) => isReachable(one, 'private'))).toEqual([]);
    expect(['10.0.0.1', '8.8.8.8', '169.254.169.254'].filter((one) => isReachable(one, 'this machine'))).toEqual([]);
  });

  test('plain http goes to this machine alone, and no user or password anywhere', async () => {
    const call = outboundFetch({ reach: 'public', lookup: answering(['8.8.8.8']) })('http://provider.example/');
    await expect(call).rejects.toThrow('only https is called');
    const secret = outboundFetch({ reach: 'this machine' })(`http://user:password@127.0.0.1:${port()}/hit`);
    await expect(secret).rejects.toThrow(/user or password/);
    expect(connections).toBe(0);
  });

  test('a redirect is answered as it stands, and followed nowhere', async () => {
    const answer = await outboundFetch({ reach: 'this machine' })(`${base()}/redirect`);
    expect({ status: answer.status, path, connections }).toEqual({ status: 302, path: '/redirect', connections: 1 });
  });

  test('what is too large, compressed, or never ends is no answer', async () => {
    const call = outboundFetch({ reach: 'this machine', withinMs: 200 });
    await expect(call(`${base()}/large`)).rejects.toThrow(/over 65536 bytes/);
    await expect(call(`${base()}/compressed`)).rejects.toThrow();
    await expect(call(`${base()}/endless`)).rejects.toThrow(/abort|timeout/i);
  });
});
