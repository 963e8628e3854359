import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readKeySet } from '@sallyport/auth';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { refusalOf } from '../testing/callers.ts';
import { headerOf, textLike } from '../testing/expected.ts';
import { runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { mintServiceToken } from '../tokens/access-token.ts';
import { readOwnAccessToken } from '../tokens/own-token.ts';
import { houseKeyLifetimes } from './key-life.ts';
import { openKeyRing } from './key-ring.ts';
import { rotateSigningKey, tendSigningKeys } from './signing-keys.ts';

const { announcedSeconds, verifyingSeconds } = houseKeyLifetimes;

let auth: RunningAuthority;
beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());

const keyIds = () => auth.authority.keys.published().map((key) => key.kid);
const signingId = () => auth.authority.keys.signing().keyId;

test('through a rotation every living token verifies against every set a verifier may still hold', async () => {
  const { authority } = auth;
  const store = { database: authority.database, sealer: authority.sealer, now: auth.now };
  const old = signingId();
  const sets = [await readKeySet({ keys: authority.keys.published() }, ['ES256'])];
  const rotation = await rotateSigningKey(store, { immediately: false });
  expect(await rotateSigningKey(store, { immediately: false })).toBeUndefined();
  await authority.keys.reread();
  expect(keyIds()).toEqual([old, rotation?.keyId]);

  let last = { token: '', at: 0 };
  const switched: string[] = [];
  for (let second = 0; second <= announcedSeconds + verifyingSeconds + 20; second += 10) {
    const { token } = mintServiceToken(
      authority,
      { clientId: 'catalog', serial: 1 },
      { audience: 'auth', scope: ['introspect'] },
    );
    const kid = String(headerOf(token)['kid']);
    switched.push(kid);
    if (kid === old) last = { token, at: second };
    // The oldest set that a verifier may hold is 60 s old.
    sets.push(await readKeySet({ keys: authority.keys.published() }, ['ES256']));
    const held = sets.slice(-7);
    expect(held.every((set) => set.has(kid))).toBe(true);
    const isAlive = second - last.at < 300;
    expect((await readOwnAccessToken(authority, last.token)) !== undefined).toBe(isAlive);
    auth.advance(10);
  }
  expect(new Set(switched)).toEqual(new Set([old, rotation?.keyId]));
  expect(keyIds()).toEqual([rotation?.keyId]);
  await authority.keys.reread();
  expect(keyIds()).toEqual([rotation?.keyId]);
});

test('--now lets the next key sign at once, and takes an announced one if there is one', async () => {
  const { authority } = auth;
  const store = { database: authority.database, sealer: authority.sealer, now: auth.now };
  const announced = await rotateSigningKey(store, { immediately: false });
  const rotated = await rotateSigningKey(store, { immediately: true });
  expect(rotated?.keyId).toBe(announced?.keyId);
  await authority.keys.reread();
  expect(signingId()).toBe(rotated?.keyId);
  const again = await rotateSigningKey(store, { immediately: true });
  await authority.keys.reread();
  expect(signingId()).toBe(again?.keyId);
  expect(keyIds()).toContain(rotated?.keyId);
});

test('processes that start at once make one first key', async () => {
  await auth.operator.query('DELETE FROM signing_keys');
  const store = { database: auth.authority.database, sealer: auth.authority.sealer, now: auth.now };
  await Promise.all(Array.from({ length: 8 }, () => tendSigningKeys(store)));
  await auth.authority.keys.reread();
  expect(keyIds()).toHaveLength(1);
});

test('a token of a key that another process began to sign with verifies here without waiting for the next read', async () => {
  const { authority } = auth;
  const store = { database: authority.database, sealer: authority.sealer, now: auth.now };
  const other = await openKeyRing(store, () => {});
  await rotateSigningKey(store, { immediately: true });
  await other.reread();
  const { token } = mintServiceToken(
    { ...authority, keys: other },
    { clientId: 'catalog', serial: 1 },
    {
      audience: 'auth',
      scope: ['introspect'],
    },
  );
  expect(other.signing().keyId).not.toBe(signingId());
  // It passes the gate, and is then told that nothing was asked; before the ring reads again it is 401.
  await vi.waitFor(
    async () => {
      const refusal = await refusalOf(auth.as(token).internal.introspect.query({ questions: [] }));
      expect(refusal).toMatchObject({ status: 400, reason: 'invalid_input' });
    },
    { timeout: 3000, interval: 50 },
  );
  other.close();
});

test('the database holds no private key', async () => {
  const { rows } = await auth.operator.query<{ row: string; jwk: object }>(
    'SELECT k::text AS row, public_jwk AS jwk FROM signing_keys k',
  );
  for (const { row, jwk } of rows) {
    expect(Object.keys(jwk).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    expect(row).not.toMatch(/"d"/);
  }
});

test('the command rotates, says what it did, and refuses a second time', async () => {
  const run = async (...options: string[]) => {
    const script = fileURLToPath(new URL('../rotate-keys.ts', import.meta.url));
    const { databaseUrl, keyEncryptionKey } = auth.preparation;
    const env = {
      ...process.env,
      DATABASE_URL: databaseUrl,
      KEY_ENCRYPTION_KEY: Buffer.from(keyEncryptionKey).toString('base64url'),
    };
    return new Promise<{ stdout: string; stderr: string; code: unknown }>((resolve) => {
      execFile(process.execPath, [script, ...options], { env }, (error, stdout, stderr) => {
        resolve({ stdout, stderr, code: error?.code ?? 0 });
      });
    });
  };
  expect((await run('--help')).stdout).toContain('--now');
  await auth.operator.query(`UPDATE signing_keys SET signs_from = least(signs_from, now())`);
  const first = await run('--json');
  expect(first.code).toBe(0);
  expect(JSON.parse(first.stdout)).toMatchObject({ rotated: true });
  const second = await run();
  expect(second).toMatchObject({ code: 1, stdout: textLike(/announced already/) });
  const wrong = await run('--nonsense');
  expect(wrong.code).toBe(2);
  expect(wrong.stderr.trim().split('\n')).toHaveLength(1);
}, 30_000);
