import { BlockList, isIPv6 } from 'node:net';

/** Where a server that we call may be. */
export type Reach = 'public' | 'private' | 'this machine';

/**
 * Whether an IP address may be called. Addresses of special purpose (IANA registries, RFC 6890) are not public: loopback, link-local with
 * its metadata services, multicast, documentation, and what wraps an IPv4 address inside IPv6. `private` adds private networks
 * (RFC 1918, RFC 6598, RFC 4193) and nothing else. Pure.
 */
export function isReachable(address: string, reach: Reach): boolean {
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  if (reach === 'this machine') return loopback.check(address, family);
  if (reach === 'private' && privateNetworks.check(address, family)) return true;
  if (family === 'ipv4') return !special.check(address, family);
  return globalUnicast.check(address, family) && !special.check(address, family);
}

function blockList(ipv4: readonly string[], ipv6: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of ipv4) add(list, network, 'ipv4');
  for (const network of ipv6) add(list, network, 'ipv6');
  return list;
}

function add(list: BlockList, network: string, family: 'ipv4' | 'ipv6'): void {
  const [prefix = '', bits] = network.split('/');
  list.addSubnet(prefix, Number(bits), family);
}

const loopback = blockList(['127.0.0.0/8'], ['::1/128']);
const privateNetworks = blockList(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'], ['fc00::/7']);
/** The only part of IPv6 from which public addresses are given out. */
const globalUnicast = blockList([], ['2000::/3']);
const special = blockList(
  [
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4',
    '240.0.0.0/4',
  ],
  // Teredo and other protocol assignments, documentation twice, 6to4.
  ['2001::/23', '2001:db8::/32', '3fff::/20', '2002::/16'],
);
