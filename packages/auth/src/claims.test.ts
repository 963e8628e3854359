import { expect, test } from 'vitest';
import {
  clockSkewSeconds,
  isIdentifier,
  isMeantForUs,
  isTime,
  readRoles,
  readScope,
  refuseCommonClaims,
} from './claims.ts';

const now = 1_800_000_000;
const expected = { issuer: 'i', audience: 'a', audienceLists: false, maxLifetimeSeconds: 600 };
const good = { iss: 'i', aud: 'a', iat: now, exp: now + 300 };

test.each<[string, Readonly<Record<string, unknown>>, string | undefined]>([
  ['no nbf', {}, undefined],
  ['an nbf that has passed', { nbf: now - 1 }, undefined],
  ['an nbf that is now', { nbf: now }, undefined],
  ['an nbf that clocks may differ by', { nbf: now + clockSkewSeconds }, undefined],
  ['an nbf beyond that', { nbf: now + clockSkewSeconds + 1 }, 'token_from_the_future'],
  ['an iat that clocks may differ by', { iat: now + clockSkewSeconds }, undefined],
  ['an iat beyond that', { iat: now + clockSkewSeconds + 1 }, 'token_from_the_future'],
  ['an exp in a second', { exp: now + 1 }, undefined],
  ['an exp that is now: no leeway', { exp: now }, 'token_expired'],
  ['the longest life', { exp: now + 600 }, undefined],
  ['a second more', { exp: now + 601 }, 'token_lifetime'],
  ['a life of nothing', { iat: now + 5, exp: now + 5 }, 'token_lifetime'],
])('a token with %s (JWT-10)', (_name, changes, reason) => {
  expect(refuseCommonClaims({ ...good, ...changes }, expected, now)).toBe(reason);
});

const sixteen = ['a', ...Array.from({ length: 15 }, (_, index) => `other-${index}`)];

test.each<[string, unknown, boolean, boolean]>([
  ['our audience', 'a', true, true],
  ['another', 'b', false, false],
  ['a list of ours alone', ['a'], true, false],
  ['a list with ours', ['b', 'a'], true, false],
  ['a list without ours', ['b'], false, false],
  ['an empty list', [], false, false],
  ['a list of sixteen', sixteen, true, false],
  ['a list of seventeen', [...sixteen, 'more'], false, false],
  ['a list that repeats', ['a', 'b', 'b'], false, false],
  ['a list with something else in it', ['a', 1], false, false],
  ['a list of nothing but something else', [1], false, false],
  ['nothing', undefined, false, false],
])('%s is ours where lists are expected, and where not', (_name, aud, withLists, without) => {
  expect(isMeantForUs(aud, { audience: 'a', audienceLists: true })).toBe(withLists);
  expect(isMeantForUs(aud, { audience: 'a', audienceLists: false })).toBe(without);
});

test.each<[unknown, readonly string[] | undefined]>([
  ['', []],
  ['read', ['read']],
  ['read write', ['read', 'write']],
  ['catalog:read catalog:write', ['catalog:read', 'catalog:write']],
  ['! # [ ] ~', ['!', '#', '[', ']', '~']],
  [' ', undefined],
  ['read ', undefined],
  [' read', undefined],
  ['read  write', undefined],
  ['read\twrite', undefined],
  ['read "write"', undefined],
  ['read w\\rite', undefined],
  ['read é', undefined],
  [['read'], undefined],
  [undefined, undefined],
])('the scope %j is read as %j (RFC 6749 §3.3)', (value, scopes) => {
  expect(readScope(value)).toEqual(scopes && new Set(scopes));
});

test('a time is a whole number of seconds that came after 1970', () => {
  expect([1, now, Number.MAX_SAFE_INTEGER].every(isTime)).toBe(true);
  expect([0, -1, 1.5, Number.MAX_SAFE_INTEGER + 1, Infinity, NaN, '1', null, undefined, [1]].some(isTime)).toBe(false);
});

test('an identifier is 1 to 256 characters that can be printed', () => {
  expect(['a', ' ', '~', 'x'.repeat(256)].every(isIdentifier)).toBe(true);
  expect(['', 'x'.repeat(257), 'é', 'a\n', '\u007F', 1, null, ['a']].some(isIdentifier)).toBe(false);
});

test('a scope that was read before is the same set, one for each text, however many others come between', () => {
  const read = readScope('catalog:read catalog:write');
  expect(readScope('catalog:read catalog:write')).toBe(read);
  expect(readScope('catalog:write catalog:read')).not.toBe(read);
  for (let other = 0; other < 250; other += 1) expect(readScope(`s${other}`)).toEqual(new Set([`s${other}`]));
  expect(readScope('catalog:read catalog:write')).not.toBe(read);
  expect(readScope('catalog:read catalog:write')).toEqual(read);
});

test('nobody changes the scope or the roles that others have as well', () => {
  for (const shared of [readScope('catalog:read'), readScope(''), readRoles(undefined)]) {
    if (!(shared instanceof Set)) throw new Error('no set');
    const before = [...shared];
    for (const change of [() => shared.add('admin'), () => shared.delete('catalog:read'), () => shared.clear()])
      expect(change).toThrow('shared by many tokens');
    expect([...shared]).toEqual(before);
  }
});

test('a long scope is read each time', () => {
  const [kept, long] = ['s'.repeat(256), 's'.repeat(257)];
  expect(readScope(kept)).toBe(readScope(kept));
  expect(readScope(long)).not.toBe(readScope(long));
  expect(readScope(long)).toEqual(new Set([long]));
});
