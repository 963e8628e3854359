/**
 * What the transport knows about whoever sent a request, for tokens that are bound to their sender. Told by the HTTP layer, from
 * the connection and its own configuration; nothing of it may come from a header that the sender writes.
 */
export type Sender = Readonly<{
  /** The HTTP method, as sent: `POST`. */
  method: string;
  /** This service's public URL with the path of the request: what a proof must name (`htu`, RFC 9449 §4.2). */
  url: string;
  /** SHA-256 of the client's certificate in DER, base64url (`x5t#S256`, RFC 8705 §3.1). Absent without mutual TLS. */
  certificateThumbprint?: string;
}>;

/** What a token is bound to (`cnf`, RFC 7800): whoever presents it must show all of it. */
export type Confirmation = Readonly<{
  /** `jkt`: the SHA-256 JWK thumbprint of the key that signs its proofs (RFC 9449 §6.1). */
  keyThumbprint?: string;
  /** `x5t#S256`: of the certificate of the connection (RFC 8705 §3.1). */
  certificateThumbprint?: string;
}>;
