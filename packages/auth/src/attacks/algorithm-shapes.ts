import { generateKeyPairSync, sign } from 'node:crypto';
import { headerShapes, type AttackShape } from './attack-shape.ts';
import { encode, type Forge } from './forge.ts';

/** Order of the group of P-256 (FIPS 186-5, SP 800-186 §3.2.1.3). */
export const orderOfP256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const number = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');

/** Good header and claims under a signature that is nobody's. */
function withSignature({ goodHeader, goodClaims }: Forge, signature: Uint8Array): string {
  return `${encode(goodHeader)}.${encode(goodClaims())}.${Buffer.from(signature).toString('base64url')}`;
}

const pair = (r: bigint, s: bigint): Buffer => Buffer.concat([number(r), number(s)]);

const newKeys = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  EdDSA: () => generateKeyPairSync('ed25519'),
  ES384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
};
const hashes = { RS256: 'sha256', EdDSA: undefined, ES384: 'sha384' };

/** A token of another algorithm, signed well with a new key of the attacker's. */
function ofAnotherKind({ goodHeader, goodClaims }: Forge, kind: keyof typeof newKeys, alg: string): string {
  const input = `${encode({ ...goodHeader, alg })}.${encode(goodClaims())}`;
  const { privateKey: key } = newKeys[kind]();
  const signature = sign(hashes[kind], Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

/** Which algorithm, and whose key: the token must not have a say (RFC 8725 §2.1, §3.1; JWT-01, JWT-02, JWT-03, ATP-07). */
export const algorithmShapes: readonly AttackShape[] = [
  ...['none', 'None', 'NONE', 'nOnE', 'none ', ' none', 'none\u0000', ''].map((alg): AttackShape => [
    `alg ${JSON.stringify(alg)}, without a signature, with an empty one, with one of another token`,
    ({ goodHeader, goodClaims, good }) => {
      const input = `${encode({ ...goodHeader, alg })}.${encode(goodClaims())}`;
      return [input, `${input}.`, `${input}.${good().split('.')[2]}`, `${input}.AAAA`];
    },
  ]),
  ...headerShapes('alg', [
    ['es256', 'es256'],
    ['with NUL', 'ES256\u0000'],
    ['with a space', 'ES256 '],
    ['list', ['ES256']],
    ['list with none', ['none', 'ES256']],
    ['null', null],
    ['number', 256],
    ['true', true],
    ['missing', undefined],
    ['another ECDSA', 'ES384'],
    ['ECDSA on another curve', 'ES256K'],
    ['RS256', 'RS256'],
    ['PS256', 'PS256'],
    ['EdDSA', 'EdDSA'],
    ['HS256', 'HS256'],
    ['an encryption', 'RSA-OAEP'],
    ['dir', 'dir'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
  ]),
  [
    'HS256 with the public key as PEM',
    ({ hmac, publicKey }) => {
      const pem = publicKey.export({ type: 'spki', format: 'pem' });
      return [pem, pem.trim(), `\n${pem}`, pem.replaceAll('\n', '\r\n'), pem.replaceAll('\n', '')].map((text) =>
        hmac(text),
      );
    },
  ],
  [
    'HS256 with the public key as DER',
    ({ hmac, publicKey }) => [hmac(publicKey.export({ type: 'spki', format: 'der' }))],
  ],
  [
    'HS256 with the public key as JWK',
    ({ hmac, jwk, publicKey }) => [
      hmac(JSON.stringify(jwk)),
      hmac(JSON.stringify({ keys: [jwk] })),
      hmac(JSON.stringify(publicKey.export({ format: 'jwk' }))),
    ],
  ],
  [
    'HS256 with the raw public key',
    ({ hmac, jwk }) => {
      const point = Buffer.concat([Buffer.from(jwk.x ?? '', 'base64url'), Buffer.from(jwk.y ?? '', 'base64url')]);
      return [hmac(point), hmac(Buffer.concat([Buffer.from([4]), point])), hmac(jwk.x ?? '')];
    },
  ],
  [
    'HS256 with what people choose',
    ({ hmac }) => ['', 'secret', 'key-1', '\u0000', 'your-256-bit-secret'].map((secret) => hmac(secret)),
  ],
  [
    'HS256 that calls itself ES256',
    ({ hmac, publicKey }) => [hmac(publicKey.export({ type: 'spki', format: 'pem' }), { alg: 'ES256' })],
  ],
  ['signed by another key', ({ byAttacker }) => [byAttacker()]],
  [
    'signed by another key that brings itself along',
    ({ byAttacker, attackerJwk }) => [
      byAttacker({ jwk: attackerJwk }),
      byAttacker({ jwk: { ...attackerJwk, kid: 'key-1' } }),
      byAttacker({ jwk: attackerJwk, kid: undefined }),
    ],
  ],
  [
    'signed well, of another kind: RSA, Ed25519, P-384',
    (forge) => [
      ofAnotherKind(forge, 'RS256', 'RS256'),
      ofAnotherKind(forge, 'EdDSA', 'EdDSA'),
      ofAnotherKind(forge, 'ES384', 'ES384'),
      ofAnotherKind(forge, 'ES384', 'ES256'),
    ],
  ],
  [
    'psychic signature: r and s that are zero, one, the order, or beyond',
    (forge) =>
      [0n, 1n, orderOfP256 - 1n, orderOfP256, orderOfP256 + 1n, 2n ** 256n - 1n].flatMap((r) =>
        [0n, 1n, orderOfP256, 2n ** 256n - 1n].map((s) => withSignature(forge, pair(r, s))),
      ),
  ],
  [
    'r and s of a good token, moved by the order, swapped, or one of them zero',
    (forge) => {
      const signature = Buffer.from(forge.good().split('.')[2] ?? '', 'base64url');
      const [r, s] = [signature.subarray(0, 32), signature.subarray(32)];
      const zero = Buffer.alloc(32);
      return [
        [s, r],
        [r, r],
        [zero, s],
        [r, zero],
      ].map((parts) => withSignature(forge, Buffer.concat(parts)));
    },
  ],
  [
    'signature in DER',
    (forge) => {
      const text = forge.good();
      const signature = Buffer.from(text.split('.')[2] ?? '', 'base64url');
      const integers = [signature.subarray(0, 32), signature.subarray(32)].map((part) => {
        const padded = (part[0] ?? 0) >= 128 ? Buffer.concat([Buffer.alloc(1), part]) : part;
        return Buffer.concat([Buffer.from([2, padded.length]), padded]);
      });
      const body = Buffer.concat(integers);
      const der = Buffer.concat([Buffer.from([0x30, body.length]), body]);
      return [`${text.split('.').slice(0, 2).join('.')}.${der.toString('base64url')}`];
    },
  ],
  [
    'signature that is short, long, or of another token',
    (forge) => {
      const text = forge.good();
      const [header, claims, signature = ''] = text.split('.');
      const bytes = Buffer.from(signature, 'base64url');
      const others = [
        bytes.subarray(0, 63),
        bytes.subarray(0, 1),
        Buffer.concat([bytes, bytes]),
        Buffer.concat([bytes, Buffer.alloc(1)]),
      ];
      const own = others.map((other) => `${header}.${claims}.${other.toString('base64url')}`);
      return [...own, `${header}.${claims}.${forge.good().split('.')[2]}`];
    },
  ],
];
