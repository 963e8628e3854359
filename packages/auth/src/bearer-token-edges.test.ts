import { expect, test } from 'vitest';
import { authorizationReader, isCanonicalCompactJws, maxTokenLength, readAuthorization } from './bearer-token.ts';

const kindOf = (token: string): string => readAuthorization([`Bearer ${token}`]).kind;
const base64url = (text: string): string => Buffer.from(text).toString('base64url');

test('a token of the greatest length is looked at, and one of a character more is not', () => {
  const longest = `AA.AA.${'A'.repeat(maxTokenLength - 6)}`;
  expect([isCanonicalCompactJws(longest), kindOf(longest)]).toEqual([true, 'token']);
  // By itself, as it comes in a Txn-Token header, and in the Authorization header.
  for (const more of ['A', 'AA', 'AAAA'])
    expect([isCanonicalCompactJws(longest + more), kindOf(longest + more)]).toEqual([false, 'refused']);
});

test.each(['A', 'AAAAA', 'AAAAAAAAA'])('%s ends in the middle of a byte and is no base64url', (part) => {
  expect(isCanonicalCompactJws(`AA.${part}.AA`)).toBe(false);
});

test.each([
  ['{"alg":"none"}', 'refused'],
  [' {"alg":"none"} ', 'refused'],
  ['\n{\n"alg":"none"\n}\n', 'refused'],
  ['x{"alg":"none"}', 'opaque'],
  ['{"alg":"none"}x', 'opaque'],
  ['nothing like it', 'opaque'],
])('two parts of which the first says %j are %s', (header, kind) => {
  expect(kindOf(`${base64url(header)}.AA`)).toBe(kind);
});

test('a first part that is no base64url is no header: the text is opaque', () => {
  expect(kindOf('a~b+c.AA')).toBe('opaque');
});

test('a spelling that was seen says nothing about another: each text is held against the grammar whole', () => {
  const canonical = 'AAAA.AAAA.AAA';
  for (let turn = 0; turn < 2100; turn += 1) {
    const text = `${String(turn).padStart(4, '0')}.${canonical.slice(5)}`;
    // A, E, I … end in two zero bits; whatever stands between them in the alphabet does not.
    expect([text, `${text.slice(0, -1)}B`, `${text}=`, `${text}.`].map(isCanonicalCompactJws)).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(isCanonicalCompactJws(text)).toBe(true);
  }
});

test('a header that was read says nothing about another: each is read whole', () => {
  for (let turn = 0; turn < 2100; turn += 1) {
    const token = `${String(turn).padStart(4, '0')}.AAAA.AAA`;
    const read = [`Bearer ${token}`, `DPoP ${token}`, `bearer ${token}`].map((value) => readAuthorization([value]));
    expect(read).toEqual(['Bearer', 'DPoP', 'Bearer'].map((scheme) => ({ kind: 'token', token, scheme })));
    const others = [`Bearer ${token.slice(0, -1)}B`, `Bearer ${token}=`, `Bearer ${token}.`, `Bearer  ${token}`];
    for (const value of others) expect(readAuthorization([value]).kind).not.toBe('token');
    expect(readAuthorization([`Bearer ${token}`])).toEqual(read[0]);
    expect(readAuthorization([`Bearer ${token}`, `Bearer ${token}`]).kind).toBe('refused');
  }
});

test('what was read is shared by many requests, so none can change it', () => {
  const authorization = readAuthorization(['Bearer AAAA.AAAA.AAA']);
  expect(() => Object.assign(authorization, { scheme: 'DPoP' })).toThrow(TypeError);
  expect(readAuthorization(['Bearer AAAA.AAAA.AAA'])).toMatchObject({ scheme: 'Bearer' });
});

test('a header of more than a kilobyte is read each time, and to the same end', () => {
  const [kept, longer] = [1024, 1025].map((length) => [`Bearer AAAA.AAAA.${'A'.repeat(length - 17)}`]);
  // What comes once is not remembered.
  const first = readAuthorization(kept ?? []);
  expect(readAuthorization(kept ?? [])).not.toBe(first);
  expect(readAuthorization(kept ?? [])).toBe(readAuthorization(kept ?? []));
  expect(readAuthorization(longer ?? [])).not.toBe(readAuthorization(longer ?? []));
  expect([kept, longer].map((values) => readAuthorization(values ?? []).kind)).toEqual(['token', 'token']);
});

test('what one reader remembers another has never seen', () => {
  const [one, other] = [authorizationReader(), authorizationReader()];
  const header = [`Bearer AAAA.AAAA.${'C'.repeat(40)}`];
  const read = [one, one, one, other].map((reader) => reader(header));
  expect(read.map((each) => each === read[1])).toEqual([false, true, true, false]);
  expect(new Set(read.map((each) => JSON.stringify(each))).size).toBe(1);
});

test('headers that differ before their last characters only are never taken for each other, however often they come', () => {
  const read = authorizationReader();
  const ending = 'D'.repeat(40);
  const headers = ['AAAA.AAAA', 'BBBB.BBBB', 'AAAA.BBBB'].map((beginning) => `Bearer ${beginning}.${ending}`);
  for (const header of [...headers, ...headers, ...headers.toReversed(), ...headers])
    expect(read([header])).toEqual({ kind: 'token', token: header.slice('Bearer '.length), scheme: 'Bearer' });
});
