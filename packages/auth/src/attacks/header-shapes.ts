import { headerShapes, type AttackShape } from './attack-shape.ts';
import { encode } from './forge.ts';

/** What a header may say beside `alg`: nothing that leads to a key or a rule (RFC 8725 §3.10, §3.11; JWT-11, JWT-12, JWT-15). */
export const headerRuleShapes: readonly AttackShape[] = [
  ...headerShapes('kid', [
    ['missing', undefined],
    ['blank', ''],
    ['space', ' '],
    ['null', null],
    ['number', 1],
    ['list', ['key-1']],
    ['object', { toString: 'key-1' }],
    ['of no key', 'key-2'],
    ['in capitals', 'KEY-1'],
    ['with a space after', 'key-1 '],
    ['with NUL', 'key-1\u0000'],
    ['with a newline', 'key-1\n'],
    ['/dev/null', '/dev/null'],
    ['path upwards', '../../../../../../etc/passwd'],
    ['path upwards, encoded', '..%2f..%2fkey-1'],
    ['Windows path', '..\\..\\key-1'],
    ['URL', 'https://attacker.test/key-1'],
    ['SQL', "key-1' UNION SELECT 'secret'--"],
    ['SQL that is always true', "' OR '1'='1"],
    ['shell', 'key-1|sleep 10'],
    ['shell in backticks', '`id`'],
    ['template', '{{7*7}}${7*7}'],
    ['LDAP', '*)(kid=*'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['toString', 'toString'],
    ['control characters', '\u0001\u0002\u001b[31m'],
    ['emoji', '🔑'],
    ['right-to-left override', 'key\u202e-1'],
    ['look-alike', 'kеy-1'],
    ['65 characters', 'k'.repeat(65)],
    ['2 kB', 'k'.repeat(2000)],
    ['5 kB', 'k'.repeat(5000)],
  ]),
  ['kid: 1 MB', ({ signed }) => [signed({}, { kid: 'k'.repeat(1_000_000) })], 'invalid_request'],
  ...headerShapes('typ', [
    ['missing', undefined],
    ['JWT', 'JWT'],
    ['ID token', 'id+jwt'],
    ['empty', ''],
    ['null', null],
    ['list', ['at+jwt']],
    ['with a space', 'at+jwt '],
    ['with a parameter', 'at+jwt; charset=utf-8'],
    ['twice application/', 'application/application/at+jwt'],
    ['of another tree', 'text/at+jwt'],
    ['percent-encoded', 'at%2Bjwt'],
    ['full width', 'ａt+jwt'],
    ['prefix', 'at+jw'],
    ['JWS', 'JOSE'],
    ['opaque', 'at'],
  ]),
  ...headerShapes('crit', [
    ['empty', []],
    ['of a member that is there', ['kid']],
    ['of a member that is not there', ['exp']],
    ['twice the same', ['b64', 'b64']],
    ['no list', 'b64'],
    ['null', null],
  ]),
  [
    'crit: b64, which libraries understand',
    ({ signed }) => [
      signed({}, { crit: ['b64'], b64: true }),
      signed({}, { crit: ['b64'], b64: false }),
      signed({}, { b64: true }),
      signed({}, { b64: false }),
    ],
  ],
  [
    'crit: a private extension',
    ({ signed }) => [signed({}, { crit: ['http://example.com/x'], 'http://example.com/x': true })],
  ],
  ...headerShapes('jwk', [
    ['empty', {}],
    ['null', null],
    ['symmetric', { kty: 'oct', k: 'AA' }],
  ]),
  ['jwk: the very key that signed', ({ signed, jwk }) => [signed({}, { jwk })]],
  ...headerShapes('jku', [
    ['a URL', 'https://attacker.test/keys'],
    ['the issuer with a path', 'http://authority.test/../attacker'],
    ['the issuer as user name', 'http://authority.test@attacker.test/keys'],
    ['metadata of a cloud', 'http://169.254.169.254/latest/meta-data/'],
    ['a file', 'file:///etc/passwd'],
    ['null', null],
  ]),
  ...headerShapes('x5u', [
    ['a URL', 'https://attacker.test/cert.pem'],
    ['empty', ''],
  ]),
  ...headerShapes('x5c', [
    ['a certificate', ['MIIBszCCAVmgAwIBAgIU']],
    ['empty', []],
  ]),
  ...headerShapes('x5t#S256', [['a thumbprint', 'AAAA']]),
  ...headerShapes('zip', [['deflate', 'DEF']]),
  ...headerShapes('enc', [['A256GCM', 'A256GCM']]),
  ...headerShapes('p2c', [['two thousand million rounds', 2 ** 31 - 1]]),
  ...headerShapes('cty', [['JWT, a nested token', 'JWT']]),
  ...headerShapes('iss', [['claims repeated in the header', 'http://authority.test']]),
  [
    'header: members that are no data',
    ({ signedParts, goodClaims }) =>
      ['__proto__', 'constructor', 'prototype', 'hasOwnProperty'].map((member) =>
        signedParts(
          `{"alg":"ES256","typ":"at+jwt","kid":"key-1","${member}":{"alg":"none"}}`,
          JSON.stringify(goodClaims()),
        ),
      ),
  ],
  [
    'header: alg given twice',
    ({ signedParts, goodClaims }) =>
      [
        '{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"key-1"}',
        '{"alg":"ES256","typ":"at+jwt","kid":"key-1","alg":"ES256"}',
        '{"alg":"ES256","typ":"at+jwt","kid":"key-1","\\u0061lg":"none"}',
      ].map((header) => signedParts(header, JSON.stringify(goodClaims()))),
  ],
  [
    'header: not an object',
    ({ signedParts, goodClaims }) =>
      ['[]', 'null', '"ES256"', '1', '', '{}', '{"alg":"ES256"', '{"alg":"ES256",}', "{'alg':'ES256'}"].map((header) =>
        signedParts(header, JSON.stringify(goodClaims())),
      ),
  ],
  [
    'header of one good token, claims of another',
    ({ good, signed }) => {
      const [header] = good().split('.');
      const [, claims] = signed({ sub: 'u_grace' }).split('.');
      const [, , signature] = good().split('.');
      return [`${header}.${claims}.${signature}`];
    },
  ],
  [
    'encrypted: five parts',
    ({ goodHeader, good }) => [
      `${encode({ alg: 'dir', enc: 'A256GCM' })}..AAAA.AAAA.AAAA`,
      `${encode({ ...goodHeader, alg: 'RSA-OAEP', enc: 'A256GCM' })}.AAAA.AAAA.AAAA.AAAA`,
      `${encode({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2 ** 31 - 1, p2s: 'AAAA' })}.AAAA.AAAA.AAAA.AAAA`,
      `${encode({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' })}..AAAA.${good().split('.')[1]}.AAAA`,
    ],
  ],
  [
    'encrypted, cut to three parts',
    ({ goodClaims }) => [
      `${encode({ alg: 'dir', enc: 'A256GCM', typ: 'at+jwt', kid: 'key-1' })}.${encode(goodClaims())}.AAAA`,
    ],
  ],
];
