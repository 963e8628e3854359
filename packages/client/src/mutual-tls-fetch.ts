/** What this service shows of itself, and whose certificates it believes. All PEM. */
export type ServiceCertificate = Readonly<{
  /** With the intermediate certificates behind it, if there are any. */
  certificate: string;
  key: string;
  /** The only authorities: what the machine believes besides counts for nothing. */
  authorities: string;
}>;

/**
 * `fetch` over connections on which both sides have shown a certificate (TLS 1.3, RFC 8705 §2). Tokens that are bound to ours are good on
 * these connections alone. Addresses without TLS are refused: whoever answers there has shown nothing.
 *
 * Not checked: whether a certificate was withdrawn before its time. Give them short lives.
 */
export function mutualTlsFetch({ certificate, key, authorities }: ServiceCertificate): typeof fetch {
  const connect = { cert: certificate, key, ca: authorities, minVersion: 'TLSv1.3' } as const;
  // Loaded only here: it would put its own connections behind the global `fetch` as well.
  const loaded = import('undici').then(({ Agent, fetch: send }) => ({ send, dispatcher: new Agent({ connect }) }));
  return async (input, init) => {
    const { protocol } = new URL(input instanceof Request ? input.url : input);
    if (protocol !== 'https:') throw new TypeError('Without TLS nobody shows a certificate: use the https address.');
    const { send, dispatcher } = await loaded;
    return send(input, { ...init, dispatcher });
  };
}
