import { calculateJwkThumbprint, compactVerify, errors, importJWK } from 'jose';
import { decodeBase64url } from './base64url.ts';
import { claimsPart, headerPart, isCanonicalCompactJws, type BearerToken } from './bearer-token.ts';
import { isIdentifier, isTime } from './claims.ts';
import type { DenialReason } from './denial.ts';
import { readKeyMaterial, type KeyMaterial, type SigningAlgorithm } from './key-material.ts';
import { isJsonObject, parseStrictObject, type JsonObject } from './strict-json.ts';
import { isSecretKey } from './verification-keys.ts';

/** Algorithms of proofs (RFC 7518 §3.1, RFC 8037, RFC 9864). Asymmetric ones alone (RFC 9449 §4.3, check 5). */
export const proofAlgorithms = ['ES256', 'Ed25519', 'EdDSA'] as const satisfies readonly SigningAlgorithm[];

/** What a proof says, whose signature holds under the key that it names. Nothing is known yet of what it is for. */
export type SignedProof = Readonly<{
  /** RFC 7638, SHA-256, base64url. */
  keyThumbprint: string;
  /** `jti`: unique for this key. */
  id: string;
  method: string;
  url: string;
  /** `iat`, by the sender's clock, in epoch seconds. */
  issuedAt: number;
  nonce?: string;
  /** `ath`: the SHA-256 of the access token that it goes with. */
  tokenDigest?: string;
}>;

export type OpenedProof =
  | Readonly<{ outcome: 'signed'; proof: SignedProof }>
  | Readonly<{ outcome: 'refused'; reason: DenialReason }>;

/** Characters; one with an EC key and every claim has some 600. */
const maxProofLength = 4096;

/**
 * Checks 1 to 7 of RFC 9449 §4.3: one header; one JWT of canonical spelling; every claim there, and of its type; `typ`; an
 * asymmetric algorithm that is supported; a public key of that algorithm and nothing private; its signature. As for tokens, the
 * header has no members but `typ`, `alg` and `jwk`, and no member is given twice.
 */
export async function openProof(values: readonly string[]): Promise<OpenedProof> {
  const [text, second] = values;
  if (text === undefined) return refused('proof_missing');
  if (second !== undefined) return refused('proof_repeated');
  if (text.length > maxProofLength || !isCanonicalCompactJws(text)) return refused('proof_malformed');
  const header = readHeader(text);
  if ('outcome' in header) return header;
  if (!(await isSignedBy(text, header))) return refused('proof_signature');
  const claims = parseStrictObject(decodeBase64url(claimsPart(text)));
  const read = claims && readClaims(claims);
  if (read === undefined) return refused('proof_claims');
  return { outcome: 'signed', proof: { keyThumbprint: await calculateJwkThumbprint(header.key), ...read } };
}

type Header = Readonly<{ algorithm: SigningAlgorithm; key: KeyMaterial }>;
type Refused = Extract<OpenedProof, { outcome: 'refused' }>;

const headerMembers: ReadonlySet<string> = new Set(['typ', 'alg', 'jwk']);

function readHeader(text: BearerToken): Header | Refused {
  const header = parseStrictObject(decodeBase64url(headerPart(text)));
  if (header === undefined || Object.keys(header).some((member) => !headerMembers.has(member)))
    return refused('proof_malformed');
  const { typ, alg, jwk } = header;
  if (typeof typ !== 'string' || !/^(?:application\/)?dpop\+jwt$/i.test(typ)) return refused('proof_type');
  const algorithm = proofAlgorithms.find((supported) => supported === alg);
  if (algorithm === undefined) return refused('proof_algorithm');
  if (!isJsonObject(jwk) || isSecretKey(jwk)) return refused('proof_key');
  const key = readKeyMaterial(jwk, algorithm);
  return key === undefined ? refused('proof_key') : { algorithm, key };
}

async function isSignedBy(text: BearerToken, { algorithm, key }: Header): Promise<boolean> {
  // WebCrypto checks that an EC point is on the curve.
  const imported = await importJWK(key, algorithm).catch(() => undefined);
  if (imported === undefined) return false;
  try {
    await compactVerify(text, imported, { algorithms: [algorithm] });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}

function readClaims(claims: JsonObject): Omit<SignedProof, 'keyThumbprint'> | undefined {
  const { jti: id, htm: method, htu: url, iat: issuedAt, nonce, ath: tokenDigest } = claims;
  if (!isIdentifier(id) || !isIdentifier(method) || typeof url !== 'string' || !isTime(issuedAt)) return undefined;
  if (nonce !== undefined && !isIdentifier(nonce)) return undefined;
  if (tokenDigest !== undefined && !isIdentifier(tokenDigest)) return undefined;
  return { id, method, url, issuedAt, ...(nonce !== undefined && { nonce }), ...(tokenDigest && { tokenDigest }) };
}

function refused(reason: DenialReason): Refused {
  return { outcome: 'refused', reason };
}
