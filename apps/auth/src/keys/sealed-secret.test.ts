import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { openSealer } from './sealed-secret.ts';

const key = randomBytes(32);
const sealer = openSealer(key);
const place = { column: 'totp_factors.sealed_seed', row: 'u_ada' } as const;
const secret = Buffer.from('twenty bytes of seed');

test('a sealed secret opens where it was sealed, and two sealings of it differ', () => {
  const one = sealer.seal(secret, place);
  expect(sealer.open(one, place)).toEqual(secret);
  expect(sealer.seal(secret, place)).not.toBe(one);
});

test('a sealed secret that was moved to another row or column does not open', () => {
  const sealed = sealer.seal(secret, place);
  expect(() => sealer.open(sealed, { ...place, row: 'u_eve' })).toThrow();
  expect(() => sealer.open(sealed, { ...place, column: 'signing_keys.sealed_private_key' })).toThrow();
});

test('a sealed secret that was changed anywhere does not open', () => {
  const sealed = Buffer.from(sealer.seal(secret, place), 'base64url');
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    expect(() => sealer.open(changed.toString('base64url'), place)).toThrow();
  }
});

test('another key does not open it, and a short key is refused (JWT-06)', () => {
  expect(() => openSealer(randomBytes(32)).open(sealer.seal(secret, place), place)).toThrow();
  expect(() => openSealer(randomBytes(16))).toThrow('32 bytes');
});
