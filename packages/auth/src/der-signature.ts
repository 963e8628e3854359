const [sequence, integer] = [0x30, 0x02];

/**
 * Writes an ECDSA signature as OpenSSL takes it, a SEQUENCE of two INTEGERs (RFC 3279 §2.2.3, X.690), of one as JWS has it: r and s, as long
 * as each other (RFC 7518 §3.4). For signatures of up to 112 bytes; `into` has room for eight more. Answers the length. Not checked: whether
 * r and s are numbers that a signature can have.
 */
export function writeDerSignature(signature: Uint8Array, into: Uint8Array): number {
  const second = writeInteger(signature, 0, { into, at: 2 });
  const at = writeInteger(signature, signature.length / 2, { into, at: second });
  into[0] = sequence;
  into[1] = at - 2;
  return at;
}

type Place = Readonly<{ into: Uint8Array; at: number }>;

/** Without zeros in front, but with one where it would be negative otherwise. Answers where it ends. */
function writeInteger(signature: Uint8Array, start: number, { into, at }: Place): number {
  const end = start + signature.length / 2;
  let from = start;
  while (from < end - 1 && signature[from] === 0) from += 1;
  const pad = (signature[from] ?? 0) > 0x7f ? 1 : 0;
  into[at] = integer;
  into[at + 1] = pad + end - from;
  into[at + 2] = 0;
  let to = at + 2 + pad;
  while (from < end) into[to++] = signature[from++] ?? 0;
  return to;
}
