import type { webcrypto } from 'node:crypto';
import { CompactSign, exportJWK, generateKeyPair, type CryptoKey } from 'jose';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { isCanonicalCompactJws, type BearerToken } from './bearer-token.ts';
import type { SigningAlgorithm } from './key-material.ts';
import { signatureCheck } from './signature-check.ts';
import { refuseSignature } from './signed-token.ts';
import { readKeySet, type VerificationKey } from './verification-keys.ts';

const algorithms = [
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
] satisfies readonly SigningAlgorithm[];

afterEach(() => vi.unstubAllGlobals());

async function signer(algorithm: SigningAlgorithm) {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const published = { keys: [{ ...(await exportJWK(publicKey)), alg: algorithm, kid: 'key-1' }] };
  return {
    load: async (): Promise<VerificationKey> => {
      const key = (await readKeySet(published, [algorithm])).get('key-1');
      if (key === undefined) throw new Error('no key');
      return key;
    },
    sign: async (claims: string): Promise<string> =>
      new CompactSign(new TextEncoder().encode(claims)).setProtectedHeader({ alg: algorithm }).sign(privateKey),
  };
}

function asToken(text: string): BearerToken {
  if (!isCanonicalCompactJws(text)) throw new Error('not a token');
  return text;
}

const withSignature = (token: string, change: (signature: Buffer) => Uint8Array): string => {
  const end = token.lastIndexOf('.') + 1;
  return token.slice(0, end) + Buffer.from(change(Buffer.from(token.slice(end), 'base64url'))).toString('base64url');
};

describe.each(algorithms)('%s', async (algorithm) => {
  const { load, sign } = await signer(algorithm);
  const good = await sign('{"sub":"u_ada"}');
  const other = await sign('{"sub":"u_eve"}');
  const tokens: readonly (readonly [name: string, token: string, refusal: 'token_signature' | undefined])[] = [
    ['what was signed', good, undefined],
    [
      'another payload',
      `${other.slice(0, other.lastIndexOf('.'))}${good.slice(good.lastIndexOf('.'))}`,
      'token_signature',
    ],
    ['one bit of the signature', withSignature(good, (bytes) => bytes.with(7, (bytes[7] ?? 0) ^ 1)), 'token_signature'],
    ['a byte less', withSignature(good, (bytes) => bytes.subarray(0, -1)), 'token_signature'],
    ['a byte more', withSignature(good, (bytes) => Buffer.concat([bytes, new Uint8Array(1)])), 'token_signature'],
    ['nothing but zeros', withSignature(good, (bytes) => new Uint8Array(bytes.length)), 'token_signature'],
  ];

  test.each(tokens)('%s is decided at once, and as WebCrypto decides it', async (_name, token, refusal) => {
    expect(refuseSignature(asToken(token), { alg: algorithm }, await load())).toBe(refusal);
    vi.stubGlobal('navigator', { userAgent: 'Another runtime' });
    const later = refuseSignature(asToken(token), { alg: algorithm }, await load());
    expect(later).toBeInstanceOf(Promise);
    expect(await later).toBe(refusal);
  });
});

const webKey = async (parameters: webcrypto.RsaHashedKeyGenParams | webcrypto.EcKeyGenParams) => {
  const { publicKey, privateKey } = await crypto.subtle.generateKey(parameters, true, ['sign', 'verify']);
  return { publicKey, privateKey };
};
const rsa = (modulusLength: number, hash = 'SHA-256', name = 'RSASSA-PKCS1-v1_5') =>
  webKey({ name, hash, modulusLength, publicExponent: new Uint8Array([1, 0, 1]) });
const ec = (namedCurve: string) => webKey({ name: 'ECDSA', namedCurve });

const unfit: readonly (readonly [name: string, algorithm: SigningAlgorithm, key: () => Promise<CryptoKey>])[] = [
  ['a short RSA key', 'RS256', async () => (await rsa(1024)).publicKey],
  ['an RSA key for another hash', 'RS256', async () => (await rsa(2048, 'SHA-384')).publicKey],
  ['an RSA key for another padding', 'PS256', async () => (await rsa(2048)).publicKey],
  ['a point on another curve', 'ES256', async () => (await ec('P-384')).publicKey],
  ['a private key', 'ES256', async () => (await ec('P-256')).privateKey],
  [
    'a key that is not for verifying',
    'ES256',
    async () => {
      const jwk = await crypto.subtle.exportKey('jwk', (await ec('P-256')).publicKey);
      return crypto.subtle.importKey('jwk', { ...jwk, key_ops: [] }, { name: 'ECDSA', namedCurve: 'P-256' }, true, []);
    },
  ],
];

test.each(unfit)('no signature is checked with %s, here or on another runtime', async (_name, algorithm, make) => {
  const { load, sign } = await signer(algorithm);
  const token = asToken(await sign('{}'));
  expect(refuseSignature(token, { alg: algorithm }, await load())).toBeUndefined();
  const key = { ...(await load()), key: await make() };
  expect(signatureCheck(key)).toBeUndefined();
  await expect(refuseSignature(token, { alg: algorithm }, key)).rejects.toThrow(TypeError);
});

test.each([
  ['another runtime', { userAgent: 'Cloudflare-Workers' }],
  ['a runtime that does not say what it is', {}],
  ['a runtime without a navigator', undefined],
])('on %s a key is checked with as the web does', async (_name, navigator) => {
  vi.stubGlobal('navigator', navigator);
  expect(signatureCheck(await (await signer('ES256')).load())).toBeUndefined();
});

test('on a Node that hands out no modules a key is checked with as the web does', async () => {
  vi.stubGlobal('process', {});
  expect(signatureCheck(await (await signer('ES256')).load())).toBeUndefined();
});
