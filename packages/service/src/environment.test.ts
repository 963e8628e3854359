import { expect, test } from 'vitest';
import { z } from 'zod';
import { clientSettings, readEnvironment, serviceSettings, SettingsError } from './index.ts';

const good = { DATABASE_URL: 'postgres://localhost/x', ISSUER: 'http://localhost:4000' };

test('settings are read, converted, and given their defaults', () => {
  expect(readEnvironment(serviceSettings(4001), { ...good, PORT: '5001', UNRELATED: '1' })).toEqual({
    PORT: 5001,
    HOST: '127.0.0.1',
    DATABASE_URL: 'postgres://localhost/x',
    LOG_LEVEL: 'info',
    ISSUER: 'http://localhost:4000',
    METRICS_HOST: '127.0.0.1',
    TRACE_SHARE: 0.01,
    ALLOWED_ORIGINS: [],
  });
  expect(readEnvironment(serviceSettings(4001), { ...good, PORT: '' }).PORT).toBe(4001);
});

test('every problem stands in one line that says what to do and repeats no value', () => {
  const read = () => readEnvironment(serviceSettings(4001), { PORT: 'hunter2', ISSUER: 'http://localhost:4000' });
  expect(read).toThrow(SettingsError);
  expect(read).toThrow(
    /^PORT is not valid\. Set it to a free port, 0 to 65535; DATABASE_URL is missing\. Set it to postgres:\/\/user:password@host:port\/database$/,
  );
});

test('a setting without a description is named all the same', () => {
  expect(() => readEnvironment({ CLIENT_KEY: z.string() }, {})).toThrow(/^CLIENT_KEY is missing\.$/);
});

test.each(['0x10', '70000', '-1', '1.5', 'NaN', '1e3x'])('%s is no port', (PORT) => {
  expect(() => readEnvironment(serviceSettings(4001), { ...good, PORT })).toThrow('PORT is not valid');
});

test('web origins are read as browsers spell them; anything else would match nothing, and is refused', () => {
  const read = (ALLOWED_ORIGINS: string) => readEnvironment(serviceSettings(4001), { ...good, ALLOWED_ORIGINS });
  expect(read('https://shop.example,http://localhost:5173').ALLOWED_ORIGINS).toEqual([
    'https://shop.example',
    'http://localhost:5173',
  ]);
  for (const bad of [
    '*',
    'https://shop.example/',
    'https://SHOP.example',
    'shop.example',
    'https://a, https://b',
    'null',
  ])
    expect(() => read(bad)).toThrow('ALLOWED_ORIGINS is not valid');
});

test('the key of a client must be a private ES256 key with a kid', () => {
  const jwk = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd', kid: 'k' };
  const read = (key: unknown) => readEnvironment(clientSettings('catalog'), { CLIENT_KEY: JSON.stringify(key) });
  expect(read(jwk)).toMatchObject({ CLIENT_ID: 'catalog', CLIENT_KEY: jwk });
  for (const bad of [{ ...jwk, d: undefined }, { ...jwk, kid: undefined }, { ...jwk, crv: 'P-384' }, 'text', null])
    expect(() => read(bad)).toThrow(/^CLIENT_KEY is not valid( at \w+)?\. Set it to the private ES256 JWK/);
  expect(() => readEnvironment(clientSettings('catalog'), { CLIENT_KEY: '{' })).toThrow('CLIENT_KEY is not valid');
});
