import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

type Asked = Readonly<{ challenge: string }>;

/** What may be different from what a good authenticator in a good browser would do. */
export type Deviation = Readonly<{
  type?: string;
  challenge?: string;
  origin?: string;
  crossOrigin?: boolean;
  domain?: string;
  present?: boolean;
  verified?: boolean;
  count?: number;
  credentialId?: string;
  userHandle?: string | undefined;
  /** Signs with the key of somebody else. */
  key?: KeyObject;
  /** COSE algorithm that the key claims to be of. */
  algorithm?: number;
  /** Attests by its own key (`packed` without a certificate, WebAuthn §8.2): as good as an attestation can be. */
  selfAttested?: boolean;
}>;

/**
 * An authenticator in software, with a browser around it: one ES256 credential, made for one account. The bytes are put together
 * here by WebAuthn §6.1 and §6.5.1, and by RFC 8949, with nothing of the library that checks them.
 */
export function softwareAuthenticator(
  { domain, origin, subject }: Readonly<{ domain: string; origin: string; subject: string }>,
  { synced = false, counts = true }: Readonly<{ synced?: boolean; counts?: boolean }> = {},
) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const id = randomBytes(16).toString('base64url');
  const handle = Buffer.from(subject).toString('base64url');
  let count = counts ? 1 : 0;

  function clientData(type: string, { challenge }: Asked, by: Deviation): Buffer {
    const { crossOrigin = false } = by;
    const data = {
      type: by.type ?? type,
      challenge: by.challenge ?? challenge,
      origin: by.origin ?? origin,
      crossOrigin,
    };
    return Buffer.from(JSON.stringify(data));
  }

  function authenticatorData(by: Deviation, attested?: Buffer): Buffer {
    const { present = true, verified = true } = by;
    const backup = synced ? 0b0001_1000 : 0;
    const flags = (present ? 1 : 0) | (verified ? 4 : 0) | backup | (attested ? 0x40 : 0);
    const counted = Buffer.alloc(4);
    counted.writeUInt32BE(by.count ?? count);
    return Buffer.concat([sha256(by.domain ?? domain), Buffer.of(flags), counted, attested ?? Buffer.alloc(0)]);
  }

  return {
    id,
    privateKey,
    /** Answers `navigator.credentials.create()`. */
    create(asked: Asked, by: Deviation = {}) {
      const credentialId = Buffer.from(by.credentialId ?? id, 'base64url');
      const key = publicKey.export({ format: 'jwk' });
      const cose = cborMap([
        [1, 2],
        [3, by.algorithm ?? -7],
        [-1, 1],
        [-2, Buffer.from(key.x ?? '', 'base64url')],
        [-3, Buffer.from(key.y ?? '', 'base64url')],
      ]);
      const attested = Buffer.concat([Buffer.alloc(16), Buffer.of(0, credentialId.length), credentialId, cose]);
      const data = authenticatorData(by, attested);
      const client = clientData('webauthn.create', asked, by);
      const proof = sign('sha256', Buffer.concat([data, createHash('sha256').update(client).digest()]), privateKey);
      const statement: Cbor = [
        ['alg', -7],
        ['sig', proof],
      ];
      const attestationObject = cborMap([
        ['fmt', by.selfAttested ? 'packed' : 'none'],
        ['attStmt', by.selfAttested ? statement : []],
        ['authData', data],
      ]);
      const response = {
        clientDataJSON: client.toString('base64url'),
        attestationObject: attestationObject.toString('base64url'),
        transports: ['internal'],
      };
      return { id: by.credentialId ?? id, rawId: by.credentialId ?? id, type: 'public-key', response } as const;
    },

    /** Answers `navigator.credentials.get()`. */
    get(asked: Asked, by: Deviation = {}) {
      if (counts) count += 1;
      const data = authenticatorData(by);
      const client = clientData('webauthn.get', asked, by);
      const signature = sign('sha256', Buffer.concat([data, createHash('sha256').update(client).digest()]), {
        key: by.key ?? privateKey,
        dsaEncoding: 'der',
      });
      const userHandle = 'userHandle' in by ? by.userHandle : handle;
      const response = {
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: signature.toString('base64url'),
        ...(userHandle !== undefined && { userHandle }),
      };
      const shown = by.credentialId ?? id;
      return { id: shown, rawId: shown, type: 'public-key', response } as const;
    },
  };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

type Cbor = number | string | Buffer | readonly (readonly [number | string, Cbor])[];

function cborMap(entries: readonly (readonly [number | string, Cbor])[]): Buffer {
  const body = entries.flatMap(([key, value]) => [cbor(key), cbor(value)]);
  return Buffer.concat([cborHead(5, entries.length), ...body]);
}

function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? cborHead(1, -1 - value) : cborHead(0, value);
  if (typeof value === 'string') return Buffer.concat([cborHead(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([cborHead(2, value.length), value]);
  return cborMap(value);
}

/** RFC 8949 §3: the major type, and the length in as many bytes as it takes. */
function cborHead(major: number, length: number): Buffer {
  const type = major << 5;
  if (length < 24) return Buffer.of(type | length);
  return length < 256 ? Buffer.of(type | 24, length) : Buffer.of(type | 25, length >> 8, length & 255);
}
