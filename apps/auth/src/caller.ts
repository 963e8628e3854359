import { BlockList, isIP, isIPv4, SocketAddress } from 'node:net';
import type { HeaderValues } from '@sallyport/auth';

/** Where a request came from, as far as the authority can know it. Nobody's identity: it is for throttles, lists and suspicion. */
export type Caller = Readonly<{
  /** An IPv4 address, or the /64 of an IPv6 address (`2001:db8:0:1::/64`): what one household or one server is given. */
  network: string;
  /** As sent, cut to 256 characters. */
  userAgent: string | undefined;
}>;

export const unknownCaller: Caller = { network: 'unknown', userAgent: undefined };

export type ReadCaller = (received: Readonly<{ header: HeaderValues; remoteAddress: string }>) => Caller;

/**
 * Reads callers behind proxies. `trustedProxies`: addresses or networks (`10.0.0.0/8`) whose `X-Forwarded-For` is believed:
 * the list is read from its end, and the first address that is none of theirs is the caller. Whatever stands before it was
 * written by the caller, and is not looked at. Without trusted proxies the header means nothing.
 * @throws Error when an entry is no address and no network
 */
export function openCallerReader(trustedProxies: readonly string[] = []): ReadCaller {
  const trusted = proxyList(trustedProxies);
  return ({ header, remoteAddress }) => {
    const userAgent = header('user-agent')[0]?.slice(0, 256);
    let address = plainAddress(remoteAddress);
    const forwarded = header('x-forwarded-for').flatMap((line) => line.split(','));
    while (address !== undefined && forwarded.length > 0 && isTrusted(trusted, address)) {
      // An entry that is no address: the proxy that wrote it knew no better, and neither do we.
      address = plainAddress(forwarded.pop()?.trim() ?? '');
    }
    return { network: address === undefined ? unknownCaller.network : networkOf(address), userAgent };
  };
}

function proxyList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

function isTrusted(list: BlockList, address: string): boolean {
  return list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

/** Without a zone, and an IPv4 address that came over an IPv6 socket as itself. */
function plainAddress(text: string): string | undefined {
  const address = text.replace(/%.*$/, '').replace(/^::ffff:(?=[0-9.]+$)/i, '');
  return isIP(address) === 0 ? undefined : address;
}

function networkOf(address: string): string {
  if (isIPv4(address)) return address;
  // Node's own parser brings every spelling to one.
  const { address: canonical } = new SocketAddress({ address, family: 'ipv6' });
  const [head = '', tail] = canonical.split('::');
  const before = head === '' ? [] : head.split(':');
  const behind = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - behind.length }, () => '0');
  return `${[...before, ...zeros, ...behind].slice(0, 4).join(':')}::/64`;
}
