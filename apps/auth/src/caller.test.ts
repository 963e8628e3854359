import { describe, expect, test } from 'vitest';
import { openCallerReader } from './caller.ts';

type Lines = Readonly<Record<string, readonly string[]>>;
const received = (remoteAddress: string, lines: Lines = {}) => ({
  remoteAddress,
  header: (name: string): readonly string[] => lines[name] ?? [],
});
const networkOf = (remoteAddress: string, lines: Lines = {}, trusted: readonly string[] = []): string =>
  openCallerReader(trusted)(received(remoteAddress, lines)).network;

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
  ['2001:DB8:0:1:ffff:ffff:ffff:ffff', '2001:db8:0:1::/64'],
  ['2001:0db8:0000:0001::', '2001:db8:0:1::/64'],
  ['2001:db8:0:2::1', '2001:db8:0:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['unknown', 'unknown'],
])('%s counts as %s: of IPv6 the /64, in one spelling (LIM-01)', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

describe('X-Forwarded-For', () => {
  const forged = { 'x-forwarded-for': ['203.0.113.9'] };

  test('means nothing unless a proxy is trusted that sent it (LIM-01, HDR-01)', () => {
    expect(networkOf('192.0.2.7', forged)).toBe('192.0.2.7');
    expect(networkOf('192.0.2.7', forged, ['10.0.0.0/8', '2001:db8::/32'])).toBe('192.0.2.7');
  });

  test.each([
    ['one proxy', '10.0.0.1', ['203.0.113.9'], '203.0.113.9'],
    ['what the caller wrote stands before what the proxy wrote', '10.0.0.1', ['6.6.6.6, 203.0.113.9'], '203.0.113.9'],
    ['two proxies, two lines', '10.0.0.1', ['6.6.6.6, 203.0.113.9', '10.1.1.1'], '203.0.113.9'],
    ['a caller who names a proxy of ours', '10.0.0.1', ['6.6.6.6, 10.9.9.9, 203.0.113.9'], '203.0.113.9'],
    ['a proxy that sends none', '10.0.0.1', [], '10.0.0.1'],
    ['an entry that is no address', '10.0.0.1', ['6.6.6.6, nonsense'], 'unknown'],
    ['IPv6 over IPv6', '2001:db8::1', ['2001:0db9:0:7::99'], '2001:db9:0:7::/64'],
  ])('is read from its end: %s', (_, remote, lines, network) => {
    expect(networkOf(remote, { 'x-forwarded-for': lines }, ['10.0.0.0/8', '2001:db8::/32'])).toBe(network);
  });
});

test('a user agent is cut, and nothing of it is needed', () => {
  const read = openCallerReader();
  expect(read(received('192.0.2.7', { 'user-agent': ['x'.repeat(1000)] })).userAgent).toHaveLength(256);
  expect(read(received('192.0.2.7')).userAgent).toBeUndefined();
});

test.each(['10.0.0.0/33', 'proxy.example', '', '10.0.0.0/x'])('%j is no trusted proxy', (entry) => {
  expect(() => openCallerReader([entry])).toThrow();
});
