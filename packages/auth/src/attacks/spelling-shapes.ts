import type { AttackShape } from './attack-shape.ts';
import { encode, encodeText } from './forge.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The same bytes in another spelling, and other numbers of parts (RFC 7515 §7.1, RFC 4648 §3.5; JWT-04, JWT-14). */
export const spellingShapes: readonly AttackShape[] = [
  [
    'the last character of the signature, every other spelling',
    ({ good }) => {
      const text = good();
      return alphabet
        .split('')
        .filter((last) => !text.endsWith(last))
        .map((last) => `${text.slice(0, -1)}${last}`);
    },
  ],
  [
    'unused bits in header or claims',
    ({ signedParts, goodHeader, goodClaims }) => {
      // Lengths that leave bits over: white space is added until they do.
      const header = `${JSON.stringify(goodHeader)}${' '.repeat((4 - (JSON.stringify(goodHeader).length % 3)) % 3)}`;
      const claims = JSON.stringify(goodClaims());
      const [one = '', two = '', three = ''] = signedParts(
        header,
        `${claims}${' '.repeat((4 - (claims.length % 3)) % 3)}`,
      ).split('.');
      const bent = (part: string) => `${part.slice(0, -1)}${alphabet[alphabet.indexOf(part.slice(-1)) | 1]}`;
      return [`${bent(one)}.${two}.${three}`, `${one}.${bent(two)}.${three}`];
    },
  ],
  [
    'padding',
    ({ good }) => {
      const text = good();
      const [header, claims, signature] = text.split('.');
      return [
        `${text}=`,
        `${text}==`,
        `${header}=.${claims}.${signature}`,
        `${header}.${claims}==.${signature}`,
        `${text}%3D%3D`,
      ];
    },
  ],
  [
    'white space',
    ({ good }) => {
      const text = good();
      return [' ', '\t', '\n', '\r\n', '\u00a0', '\u200b', '%20'].flatMap((space) => [
        `${text}${space}`,
        `${space}${text}`,
        text.replace('.', `.${space}`),
        `${text.slice(0, 60)}${space}${text.slice(60)}`,
      ]);
    },
  ],
  [
    'the alphabet of plain base64',
    ({ signed }) => {
      const text = signed({ more: '???>>>~~~ÿÿÿ' });
      return [text.replaceAll('-', '+').replaceAll('_', '/'), text.replace(/.$/, '+'), text.replace(/.$/, '/')];
    },
  ],
  [
    'characters beyond any alphabet',
    ({ good }) =>
      ['\u0000', '\u0001', '\u007f', 'é', '🔑', '٠', 'ａ', ',', ';', '"', '\\', '%', '~', '!', '*'].flatMap((odd) => {
        const text = good();
        return [`${text}${odd}`, `${text.slice(0, 50)}${odd}${text.slice(51)}`];
      }),
  ],
  ['one part', ({ good }) => [good().split('.')[0] ?? '', good().replaceAll('.', ''), '.', 'x']],
  ['two parts', ({ good }) => [good().split('.').slice(0, 2).join('.'), good().split('.').slice(1).join('.'), '.']],
  ['four parts', ({ good }) => [`${good()}.`, `.${good()}`, `${good()}.AAAA`, good().replace('.', '..')]],
  ['five parts', ({ good }) => [`${good()}.AAAA.AAAA`, `${good()}..`, `..${good()}`]],
  ['a thousand parts', ({ good }) => ['.'.repeat(1000), `${good()}${'.A'.repeat(1000)}`]],
  [
    'empty parts',
    ({ good }) => {
      const [header, claims, signature] = good().split('.');
      return [
        `.${claims}.${signature}`,
        `${header}..${signature}`,
        `${header}.${claims}.`,
        '..',
        `${header}..`,
        `..${signature}`,
      ];
    },
  ],
  [
    'two tokens',
    ({ good }) => [
      `${good()},${good()}`,
      `${good()} ${good()}`,
      `${good()}, Bearer ${good()}`,
      `${good()}${good()}`,
      `Bearer ${good()}`,
    ],
  ],
  [
    'JSON serialisation, flattened and general',
    ({ good }) => {
      const [header, payload, signature] = good().split('.');
      return [
        JSON.stringify({ protected: header, payload, signature }),
        JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
        encode({ protected: header, payload, signature }),
      ];
    },
  ],
  [
    'detached claims',
    ({ good, goodClaims }) => {
      const [header, , signature] = good().split('.');
      return [`${header}..${signature}`, `${header}.${JSON.stringify(goodClaims())}.${signature}`];
    },
  ],
  [
    'encoded twice',
    ({ good }) => [
      encodeText(good()),
      good()
        .split('.')
        .map((part) => encodeText(part))
        .join('.'),
      encodeURIComponent(good()).replaceAll('.', '%2E'),
      Buffer.from(good()).toString('hex'),
    ],
  ],
  ['another case', ({ good }) => [good().toUpperCase(), good().toLowerCase()]],
  ['backwards', ({ good }) => [good().split('').toReversed().join(''), good().split('.').toReversed().join('.')]],
  [
    'something else',
    () => [
      '',
      'null',
      'undefined',
      '[object Object]',
      'true',
      '0',
      '{}',
      '-',
      '00000000-0000-0000-0000-000000000000',
      'sk_live_0000',
      '<script>alert(1)</script>',
      '../../etc/passwd',
      "' OR 1=1 --",
      'a'.repeat(8192),
      `${'a'.repeat(2730)}.${'a'.repeat(2728)}.${'a'.repeat(2728)}`,
    ],
  ],
  [
    'over 8 kB',
    ({ good }) => [`${good()}${'A'.repeat(8192)}`, 'a'.repeat(8193), 'a.'.repeat(500_000)],
    'invalid_request',
  ],
];
