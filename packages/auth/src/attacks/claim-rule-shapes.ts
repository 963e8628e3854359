import { claimShapes, type AttackShape } from './attack-shape.ts';

const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const notText = [
  ['missing', undefined],
  ['null', null],
  ['empty', ''],
  ['number', 7],
  ['true', true],
  ['list', ['u_ada']],
  ['object', { $ne: null }],
  ['over 256 characters', 'x'.repeat(257)],
] as const;
const notTime = [
  ['text', '1900000000'],
  ['float', 1_800_000_100.5],
  ['negative', -1],
  ['zero', 0],
  ['null', null],
  ['true', true],
  ['list', [1_800_000_100]],
  ['beyond safe whole numbers', 2 ** 53],
  ['milliseconds', 1_800_000_100_000],
  ['an exponent', 1e300],
] as const;

/** Claims in tokens that the issuer's key did sign (RFC 9068 §2.2, §4; ATP-02, ATP-05, ATP-06, ATP-08, JWT-08, JWT-10). */
export const claimRuleShapes: readonly AttackShape[] = [
  ...claimShapes('exp', [['missing', undefined], ...notTime]),
  ['exp: past, and now', ({ signed, now }) => [1, 0].map((ago) => signed({ iat: now - 100, exp: now - ago }))],
  [
    'exp: 1e400, which parses as infinity',
    ({ signedParts, goodHeader, goodClaims }) =>
      ['1e400', '1E+999', '9'.repeat(400), '1.8000003e9000'].map((exp) =>
        signedParts(JSON.stringify(goodHeader), JSON.stringify(goodClaims()).replace(/"exp":\d+/, `"exp":${exp}`)),
      ),
  ],
  [
    'exp: no JSON number',
    ({ signedParts, goodHeader, goodClaims }) =>
      ['Infinity', 'NaN', '0x70000000', '01900000000', '+1900000000', '1_900_000_000', '1900000000n', '.5e10'].map(
        (exp) =>
          signedParts(JSON.stringify(goodHeader), JSON.stringify(goodClaims()).replace(/"exp":\d+/, `"exp":${exp}`)),
      ),
  ],
  [
    'exp: a life longer than any token has',
    ({ signed, now }) => [601, 3600, 10 ** 9].map((life) => signed({ exp: now + life })),
  ],
  [
    'exp: before iat',
    ({ signed, now }) => [signed({ iat: now + 5, exp: now + 4 }), signed({ iat: now + 5, exp: now + 5 })],
  ],
  ...claimShapes('iat', [['missing', undefined], ...notTime]),
  [
    'iat, nbf: in the future',
    ({ signed, now }) => [
      signed({ iat: now + 11, exp: now + 100 }),
      signed({ nbf: now + 11 }),
      signed({ nbf: 2 ** 40 }),
    ],
  ],
  ...claimShapes('nbf', notTime.slice(0, 7)),
  ...claimShapes('auth_time', [['missing', undefined], ...notTime.slice(0, 7)]),
  ...claimShapes('sub', notText),
  ...claimShapes('client_id', notText),
  ...claimShapes('jti', notText),
  ...claimShapes('sid', notText),
  ...claimShapes('acr', notText),
  ...claimShapes('iss', [
    ...notText,
    ['with a slash after', 'http://authority.test/'],
    ['https', 'https://authority.test'],
    ['in capitals', 'HTTP://AUTHORITY.TEST'],
    ['with its port', 'http://authority.test:80'],
    ['with a path', 'http://authority.test/.'],
    ['with a query', 'http://authority.test?'],
    ['with user info', 'http://x@authority.test'],
    ['as a prefix', 'http://authority.test.attacker.test'],
    ['with a full stop of another script', 'http://authority。test'],
    ['with a look-alike', 'http://аuthority.test'],
    ['with a space', ' http://authority.test'],
  ]),
  ...claimShapes('aud', [
    ...notText,
    ['another service', 'payments'],
    ['prefix', 'catalo'],
    ['suffix', 'catalogue'],
    ['in capitals', 'Catalog'],
    ['with a space', 'catalog '],
    ['with NUL', 'catalog\u0000'],
    ['two in one text', 'catalog payments'],
    ['anybody', '*'],
    ['empty list', []],
    ['list of one', ['catalog']],
    ['list of two', ['payments', 'catalog']],
    ['list in a list', [['catalog']]],
    ['list of numbers', [1, 2]],
    ['object that reads as a list', { 0: 'catalog' }],
    ['object that reads as text', { toString: 'catalog' }],
    ['nine hundred', Array.from({ length: 900 }, () => 'a')],
  ]),
  [
    'aud: ten thousand',
    ({ signed }) => [signed({ aud: Array.from({ length: 10_000 }, () => 'catalog') })],
    'invalid_request',
  ],
  ...claimShapes('scope', [
    ['list', ['catalog:read']],
    ['number', 1],
    ['null', null],
    ['two spaces', 'catalog:read  catalog:write'],
    ['space before', ' catalog:read'],
    ['newline', 'catalog:read\ncatalog:write'],
    ['quote', 'catalog:read "x"'],
    ['not ASCII', 'catalog:reаd'],
  ]),
  ...claimShapes('roles', [
    ['text', 'support'],
    ['null', null],
    ['object', { 0: 'support' }],
    ['list in a list', [['support']]],
    ['twice the same', ['support', 'support']],
    ['empty text', ['']],
    ['with a space', ['support admin']],
    ['seventeen', Array.from({ length: 17 }, (_, index) => `role-${index}`)],
  ]),
  ...claimShapes('cnf', [
    ['bound to a key, taken as a bearer token', { jkt: 'AAAA' }],
    ['bound to a certificate', { 'x5t#S256': 'AAAA' }],
  ]),
  ['a service that has a session', ({ signed }) => [signed({ sub: 'web' })]],
  [
    'members given twice',
    ({ signedParts, goodHeader, goodClaims }) => {
      const text = JSON.stringify(goodClaims());
      return [
        text.replace('{', '{"sub":"u_eve",'),
        text.replace(/\}$/, ',"sub":"u_eve"}'),
        text.replace(/\}$/, ',"exp":9999999999}'),
        text.replace(/\}$/, ',"s\\u0075b":"u_eve"}'),
        text.replace(/\}$/, ',"more":{"a":1,"\\u0061":2}}'),
      ].map((claims) => signedParts(JSON.stringify(goodHeader), claims));
    },
  ],
  [
    'claims in another encoding: BOM, UTF-16, UTF-32, Latin-1',
    ({ signedParts, goodHeader, goodClaims }) => {
      const text = JSON.stringify({ ...goodClaims(), name: 'Zoë' });
      return [
        Buffer.from(`\ufeff${text}`),
        Buffer.from(text, 'utf16le'),
        Buffer.from(text, 'utf16le').swap16(),
        Buffer.from(Array.from(text).flatMap((character) => [0, 0, 0, character.charCodeAt(0) & 255])),
        Buffer.from(text, 'latin1'),
      ].map((claims) => signedParts(JSON.stringify(goodHeader), claims));
    },
  ],
  [
    'claims that are no UTF-8',
    ({ signedParts, goodHeader, goodClaims }) =>
      [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]].map((bytes) => {
        const [before = '', after = ''] = JSON.stringify({ ...goodClaims(), name: '@' }).split('@');
        return signedParts(
          JSON.stringify(goodHeader),
          Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]),
        );
      }),
  ],
  [
    'lone surrogates',
    ({ signedParts, goodHeader, goodClaims }) =>
      ['\\ud800', '\\udc00', '\\udc00\\ud800', 'a\\ud83db'].flatMap((escape) => {
        const text = JSON.stringify(goodClaims());
        return [`{"${escape}":1,${text.slice(1)}`, `{"name":"${escape}",${text.slice(1)}`].map((claims) =>
          signedParts(JSON.stringify(goodHeader), claims),
        );
      }),
  ],
  [
    'nested too deep',
    ({ signedParts, goodHeader, goodClaims }) =>
      [8, 100, 600].flatMap((depth) => {
        const text = JSON.stringify(goodClaims()).slice(0, -1);
        const list = `${'['.repeat(depth)}${']'.repeat(depth)}`;
        return [`${text},"more":${deep(depth)}}`, `${text},"more":${list}}`].map((claims) =>
          signedParts(JSON.stringify(goodHeader), claims),
        );
      }),
  ],
  [
    'too many members',
    ({ signed }) => [
      signed(Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`m${index}`, 1]))),
      signed({ more: Array.from({ length: 101 }, (_, index) => ({ [`m${index}`]: 1 })) }),
    ],
  ],
  ['claims over 4 kB', ({ signed }) => [signed({ more: 'x'.repeat(4096) })]],
  [
    'claims that are no object',
    ({ signedParts, goodHeader }) =>
      ['[]', 'null', '"sub"', '1', 'true', '', ' ', '{', '{}', '{"sub"}', 'undefined'].map((claims) =>
        signedParts(JSON.stringify(goodHeader), claims),
      ),
  ],
  [
    'claims with something before or after',
    ({ signedParts, goodHeader, goodClaims }) => {
      const text = JSON.stringify(goodClaims());
      return [`${text}x`, `${text}{}`, `${text}\u0000`, `x${text}`, `${text},`, `/**/${text}`, `)]}'\n${text}`].map(
        (claims) => signedParts(JSON.stringify(goodHeader), claims),
      );
    },
  ],
  [
    'claims by way of __proto__',
    ({ signedParts, goodHeader, goodClaims }) => [
      signedParts(JSON.stringify(goodHeader), `{"__proto__":${JSON.stringify(goodClaims())}}`),
      signedParts(JSON.stringify(goodHeader), `{"constructor":{"prototype":${JSON.stringify(goodClaims())}}}`),
    ],
  ],
  [
    'a token in a token',
    ({ signedParts, goodHeader, good }) => [
      signedParts(JSON.stringify(goodHeader), good()),
      signedParts(JSON.stringify(goodHeader), JSON.stringify(good())),
      signedParts(JSON.stringify(goodHeader), JSON.stringify({ jwt: good() })),
    ],
  ],
];
