import { expect, test } from 'vitest';
import { readEnvironment } from './environment.ts';
import { senderSettings } from './sender-settings.ts';

const read = (given: Readonly<Record<string, string>>) => readEnvironment(senderSettings(), given);

test('without settings a service names itself by where it listens, and takes bearer tokens everywhere', () => {
  expect(read({})).toEqual({ PUBLIC_URLS: [], SENDER_CONSTRAINED_TIERS: [] });
});

test('its public addresses and the tiers for bound tokens are lists', () => {
  const given = {
    PUBLIC_URLS: 'https://payments.example,http://localhost:4002/behind',
    SENDER_CONSTRAINED_TIERS: 'privilegedWrite,regulatedAction',
  };
  expect(read(given)).toEqual({
    PUBLIC_URLS: ['https://payments.example', 'http://localhost:4002/behind'],
    SENDER_CONSTRAINED_TIERS: ['privilegedWrite', 'regulatedAction'],
  });
});

test.each([
  'https://payments.example/',
  'payments.example',
  'ftp://payments.example',
  'https://a.example?x=1',
  'https://a.example#x',
])('an address that no proof could name keeps the service from starting: %s', (address) =>
  expect(() => read({ PUBLIC_URLS: address })).toThrow('PUBLIC_URLS is not valid'),
);

test('a tier that there is not keeps the service from starting, rather than to guard nothing', () => {
  expect(() => read({ SENDER_CONSTRAINED_TIERS: 'regulated' })).toThrow('SENDER_CONSTRAINED_TIERS is not valid');
});
