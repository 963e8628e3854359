import { encode, encodeText, type Forge } from './forge.ts';

/** 0 ≤ n < 2³², repeatable from its seed (mulberry32). */
export type Dice = Readonly<{
  below: (limit: number) => number;
  pick: <T>(from: readonly [T, ...T[]]) => T;
  seed: number;
}>;

export function rollDice(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { below, pick: (from) => from[below(from.length)] ?? from[0], seed };
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const oddities = ['.', '=', '+', '/', ' ', '\t', '\n', '\u0000', 'é', '%', '"', ',', '~', '!'] as const;

const badTimes = [
  '0',
  '-1',
  '1.5',
  '1e400',
  '1800000100.5',
  '"1800000100"',
  'null',
  'true',
  '[]',
  '{}',
  '9007199254740993',
] as const;
const badTexts = [
  'null',
  '""',
  '0',
  'true',
  '[]',
  '{}',
  '["x"]',
  '"\\u0000"',
  '"\\ud800"',
  `"${'x'.repeat(257)}"`,
] as const;

type BadValues = readonly [claim: string, values: readonly [string, ...string[]]];

/** Members whose value may be replaced in a signed token, and by what it then certainly is no good token. */
const badValues: readonly [BadValues, ...BadValues[]] = [
  ['iss', [...badTexts, '"http://authority.test/"', '"http://attacker.test"']],
  ['aud', [...badTexts, '"payments"', '["catalog"]', '"catalog "']],
  ['sub', badTexts],
  ['client_id', badTexts],
  ['jti', badTexts],
  ['sid', badTexts],
  ['acr', badTexts],
  ['exp', [...badTimes, '1800000000', '1799999999', '1800000601', '99999999999']],
  ['iat', [...badTimes, '1800000011', '1799990000']],
  ['auth_time', badTimes],
  ['nbf', [...badTimes, '1800000011']],
  ['scope', ['null', '0', '[]', '{}', '" x"', '"x  y"', '"\\n"']],
  ['roles', ['null', '"x"', '{}', '[""]', '["x","x"]', '[1]', '["x y"]']],
  ['cnf', ['{}', '{"jkt":"x"}', 'null']],
];

const badHeaderMembers = [
  'jku',
  'x5u',
  'jwk',
  'x5c',
  'crit',
  'b64',
  'zip',
  'enc',
  'cty',
  'x5t',
  'nonce',
  '__proto__',
  'p2c',
] as const;

type Mutation = (dice: Dice, good: readonly [string, ...string[]], forge: Forge) => string;

const character = (dice: Dice): string => alphabet.charAt(dice.below(alphabet.length));
const oddOrPlain = (dice: Dice): string => (dice.below(4) === 0 ? dice.pick(oddities) : character(dice));
const noise = (dice: Dice, bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, () => dice.below(256)));
const parts = (text: string): [string, string, string] => {
  const [header = '', claims = '', signature = ''] = text.split('.');
  return [header, claims, signature];
};
const decode = (part: string): string => Buffer.from(part, 'base64url').toString();

/** What anybody can do to a token that they hold. */
const unsigned: readonly [Mutation, ...Mutation[]] = [
  // Other characters, at one place or a few.
  (dice, good) => {
    let text = dice.pick(good);
    for (let left = 1 + dice.below(3); left > 0; left -= 1) {
      const at = dice.below(text.length);
      text = `${text.slice(0, at)}${oddOrPlain(dice)}${text.slice(at + 1)}`;
    }
    return text;
  },
  (dice, good) => {
    const text = dice.pick(good);
    const at = dice.below(text.length + 1);
    return `${text.slice(0, at)}${oddOrPlain(dice)}${text.slice(at)}`;
  },
  (dice, good) => {
    const text = dice.pick(good);
    const at = dice.below(text.length);
    return `${text.slice(0, at)}${text.slice(at + 1 + dice.below(8))}`;
  },
  (dice, good) => dice.pick(good).slice(0, -1 - dice.below(200)),
  (dice, good) => {
    const text = dice.pick(good);
    const [from, length, to] = [dice.below(text.length), 1 + dice.below(40), dice.below(text.length)];
    return `${text.slice(0, to)}${text.slice(from, from + length)}${text.slice(to)}`;
  },
  // One bit of the bytes of one part.
  (dice, good) => {
    const all = parts(dice.pick(good));
    const which = dice.below(3);
    const bytes = Buffer.from(all[which] ?? '', 'base64url');
    const at = dice.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.below(8));
    all[which] = bytes.toString('base64url');
    return all.join('.');
  },
  // Parts of two tokens: the signature is never the one of these claims.
  (dice, good) => {
    const one = dice.below(good.length);
    const other = (one + 1 + dice.below(good.length - 1)) % good.length;
    const [header, claims] = parts(good[one] ?? '');
    const [, , signature] = parts(good[other] ?? '');
    return `${header}.${claims}.${signature}`;
  },
  // A claim or a header member is another, under the old signature.
  (dice, good) => {
    const [header, claims, signature] = parts(dice.pick(good));
    const text = decode(claims).replace(/u_ada|forged|catalog|web|aal1/, () => `x${dice.below(10 ** 6)}`);
    return `${header}.${encodeText(text)}.${signature}`;
  },
  (dice, good) => {
    const [, claims, signature] = parts(dice.pick(good));
    const alg = dice.pick(['none', 'HS256', 'ES256', 'ES384', 'RS256', 'EdDSA', 'None', 'es256', '']);
    const kid = dice.pick(['key-1', 'key-2', '', '../key-1', '__proto__', String(dice.below(10 ** 6))]);
    return `${encode({ alg, typ: 'at+jwt', kid, [`m${dice.below(1000)}`]: 1 })}.${claims}.${signature}`;
  },
  // A signature that is noise, or none; parts that are noise.
  (dice, good) => {
    const [header, claims] = parts(dice.pick(good));
    return `${header}.${claims}.${noise(dice, dice.pick([0, 1, 32, 63, 64, 64, 64, 65, 72])).toString('base64url')}`;
  },
  (dice) =>
    Array.from({ length: 1 + dice.below(5) }, () => noise(dice, dice.below(80)).toString('base64url')).join('.'),
  (dice, good, { hmac, jwk }) =>
    hmac(dice.pick([jwk.x ?? '', 'secret', noise(dice, 8), dice.pick(good)]), { n: dice.below(1e6) }),
];

/** What only the issuer could sign: whatever is wrong with it must be found behind a signature that holds. */
const signed: readonly [Mutation, ...Mutation[]] = [
  (dice, _good, { signedParts, goodHeader, goodClaims }) => {
    const [claim, values] = dice.pick(badValues);
    const value = dice.pick(values);
    const { [claim]: _replaced, ...rest } = goodClaims();
    return signedParts(JSON.stringify(goodHeader), `{"${claim}":${value},${JSON.stringify(rest).slice(1)}`);
  },
  (dice, _good, { signed: sign }) =>
    sign({
      [dice.pick(['iss', 'aud', 'sub', 'client_id', 'jti', 'sid', 'acr', 'exp', 'iat', 'auth_time'])]: undefined,
    }),
  (dice, _good, { signed: sign }) =>
    sign({}, { [dice.pick(badHeaderMembers)]: dice.pick([null, '', 1, true, 'x', []]) }),
  (dice, _good, { signed: sign }) =>
    sign(
      {},
      dice.pick<Readonly<Record<string, string>>>([
        { typ: dice.pick(['JWT', 'at', '', 'txntoken+jwt', `at+jwt${dice.below(1000)}`]) },
        { alg: dice.pick(['none', 'ES384', 'HS256', 'es256', `ES256${dice.below(1000)}`]) },
        { kid: `key-${2 + dice.below(10 ** 6)}` },
      ]),
    ),
  // A member twice, somewhere.
  (dice, _good, { signedParts, goodHeader, goodClaims }) => {
    const claims = goodClaims();
    const name = dice.pick(Object.keys(claims) as [string, ...string[]]);
    const spelt = Array.from(name, (letter) =>
      dice.below(3) === 0 ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}` : letter,
    ).join('');
    const twice = `"${spelt}":${JSON.stringify(dice.pick(['x', 1, null, claims[name]]))}`;
    const text = JSON.stringify(claims);
    return signedParts(
      JSON.stringify(goodHeader),
      dice.below(2) === 0 ? `{${twice},${text.slice(1)}` : `${text.slice(0, -1)},${twice}}`,
    );
  },
  // Bytes that are no UTF-8, and text that is no JSON.
  (dice, _good, { signedParts, goodHeader, goodClaims }) => {
    const bytes = Buffer.from(JSON.stringify(goodClaims()));
    const at = 1 + dice.below(bytes.length - 1);
    const bad = dice.pick([[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0x80], [0x00], [0x0b], [0x1f]]);
    return signedParts(
      JSON.stringify(goodHeader),
      Buffer.concat([bytes.subarray(0, at), Buffer.from(bad), bytes.subarray(at)]),
    );
  },
  (dice, _good, { signedParts, goodHeader, goodClaims }) => {
    const text = JSON.stringify(goodClaims());
    return signedParts(JSON.stringify(goodHeader), text.slice(0, 1 + dice.below(text.length - 1)));
  },
];

/** One bad token. Most are what anybody can make; one in three is signed for real. */
export function mutate(dice: Dice, good: readonly [string, ...string[]], forge: Forge): string {
  return dice.pick(dice.below(3) === 0 ? signed : unsigned)(dice, good, forge);
}
