import { afterEach, expect, test, vi } from 'vitest';
import { claimsPart, headerPart, isCanonicalCompactJws, type BearerToken } from './bearer-token.ts';
import { openSignedToken, readHeader } from './signed-token.ts';
import { testAuthority } from './testing.ts';
import type { VerificationKeys } from './verification-keys.ts';

afterEach(() => vi.unstubAllGlobals());

function bearer(text: string): BearerToken {
  if (!isCanonicalCompactJws(text)) throw new Error('not a token');
  return text;
}

async function open() {
  const authority = await testAuthority();
  const withType = async (typ?: string): Promise<BearerToken> =>
    bearer(await authority.userToken({ audience: 'a', scope: '', ...(typ !== undefined && { header: { typ } }) }));
  return { token: await withType(), withType, keys: authority.keys };
}

/** The keys as they are after `loads` loads; before, there are none. */
function loading(keys: VerificationKeys, loads: number) {
  let loaded = 0;
  const late: VerificationKeys = {
    ...keys,
    find: (keyId) => (loaded >= loads ? keys.find(keyId) : undefined),
    refresh: async () => {
      loaded += 1;
    },
  };
  return { late, loaded: () => loaded };
}

const outcomeOf = async (token: BearerToken, keys: VerificationKeys): Promise<string> => {
  const signed = await openSignedToken(token, 'at+jwt', keys);
  return 'reason' in signed ? signed.reason : signed.outcome;
};

test('a key that is here is not asked for; one that is not is asked for once', async () => {
  const { token, keys } = await open();
  for (const [loads, outcome, asked] of [
    [0, 'signed', 0],
    [1, 'signed', 1],
    [2, 'token_key_unknown', 1],
  ] as const) {
    const { late, loaded } = loading(keys, loads);
    expect([await outcomeOf(token, late), loaded()]).toEqual([outcome, asked]);
  }
});

test('while no keys can be believed, nobody can say', async () => {
  const { token, keys } = await open();
  expect(await outcomeOf(token, { ...keys, usable: () => false })).toBe('keys_unavailable');
});

test('a failure of the runtime is no bad signature: it is thrown', async () => {
  const { token, keys } = await open();
  const known = keys.find('key-1');
  if (known === undefined) throw new Error('no key');
  // A key that WebCrypto does not let anybody verify with.
  const { publicKey } = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits']);
  await expect(
    openSignedToken(token, 'at+jwt', { ...keys, find: () => ({ ...known, key: publicKey }) }),
  ).rejects.toThrow(TypeError);
});

test('what another runtime throws is no bad signature either, and a key is held to its algorithm there', async () => {
  vi.stubGlobal('navigator', { userAgent: 'Another runtime' });
  const { token, keys } = await open();
  expect(await outcomeOf(token, keys)).toBe('signed');
  const [header = '', claims = ''] = token.split('.');
  expect(await outcomeOf(bearer(`${header}.${claims}.${'A'.repeat(86)}`), keys)).toBe('token_signature');
});

test('a good token is answered at once where this runtime checks at once', async () => {
  const { token, keys } = await open();
  expect(openSignedToken(token, 'at+jwt', keys)).toMatchObject({ outcome: 'signed', keyId: 'key-1' });
});

/** Whether a look at the token has its header decoded. */
async function isDecoded(token: BearerToken, keys: VerificationKeys): Promise<boolean> {
  const decode = vi.spyOn(Buffer, 'from');
  await outcomeOf(token, keys);
  const given: readonly unknown[] = decode.mock.calls.map(([first]) => first);
  decode.mockRestore();
  return given.includes(headerPart(token));
}

test('the headers of good tokens are read once, a bad one’s each time', async () => {
  const { withType, keys } = await open();
  const [one, other, third] = [await withType('AT+jwt'), await withType('at+JWT'), await withType('At+Jwt')];
  const bad = bearer(`${headerPart(third)}.${claimsPart(one)}.${'A'.repeat(86)}`);
  const decoded: boolean[] = [];
  for (const token of [one, other, one, other, bad, bad]) decoded.push(await isDecoded(token, keys));
  expect(decoded).toEqual([true, true, false, false, true, true]);
});

test('a header that begins as a known one does is not that one', async () => {
  const { token, keys } = await open();
  await outcomeOf(token, keys);
  const known = readHeader(token);
  expect(readHeader(token)).toBe(known);
  const longer = bearer(`${headerPart(token)}ICAg.${claimsPart(token)}.${'A'.repeat(86)}`);
  expect(readHeader(longer)).not.toBe(known);
  expect(readHeader(longer)).not.toHaveProperty('start');
});

test('not more than a hundred headers are remembered', async () => {
  const { withType, keys } = await open();
  const first = await withType('aT+jwt');
  await outcomeOf(first, keys);
  expect(await isDecoded(first, keys)).toBe(false);
  const letters = 'application'.split('');
  for (let spelling = 1; spelling <= 101; spelling += 1) {
    const name = letters.map((letter, at) => ((spelling >> at) % 2 === 1 ? letter.toUpperCase() : letter)).join('');
    expect(await outcomeOf(await withType(`${name}/at+jwt`), keys)).toBe('signed');
  }
  expect(await isDecoded(first, keys)).toBe(true);
});
