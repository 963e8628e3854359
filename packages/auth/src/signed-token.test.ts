import { expect, test } from 'vitest';
import { isCanonicalCompactJws, type BearerToken } from './bearer-token.ts';
import { openSignedToken } from './signed-token.ts';
import { testAuthority } from './testing.ts';
import type { VerificationKeys } from './verification-keys.ts';

async function open() {
  const authority = await testAuthority();
  const text = await authority.userToken({ audience: 'a', scope: '' });
  if (!isCanonicalCompactJws(text)) throw new Error('not a token');
  return { token: text, keys: authority.keys };
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
