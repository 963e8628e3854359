/** Where a request came from, as far as the authority can know it. Nobody's identity: it is for throttles, lists and suspicion. */
export type Caller = Readonly<{
  /** An IPv4 address, or the /64 of an IPv6 address. */
  network: string;
  userAgent: string | undefined;
}>;

export const unknownCaller: Caller = { network: 'unknown', userAgent: undefined };
