import { expect, test } from 'vitest';
import { z } from 'zod';
import { readEnvironment, serviceSettings, SettingsError } from './index.ts';

const good = { DATABASE_URL: 'postgres://localhost/x', ISSUER: 'http://localhost:4000' };

test('settings are read, converted, and given their defaults', () => {
  expect(readEnvironment(serviceSettings(4001), { ...good, PORT: '5001', UNRELATED: '1' })).toEqual({
    PORT: 5001,
    HOST: '127.0.0.1',
    DATABASE_URL: 'postgres://localhost/x',
    LOG_LEVEL: 'info',
    ISSUER: 'http://localhost:4000',
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
