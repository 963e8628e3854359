import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { foreignIssuerSettings, readEnvironment, SettingsError } from './index.ts';

const introspection = {
  url: 'https://partner.test/introspect',
  clientId: 'payments',
  clientSecret: 'hunter2-hunter2',
  answersFor: ['opaque'],
};
const partner = {
  issuer: 'https://partner.test',
  name: 'partner',
  audience: 'payments',
  acr: { 'urn:mfa': 'aal2' },
  signedTokens: { keySetUrl: 'https://partner.test/jwks', algorithms: ['ES256'], believeForSeconds: 60 },
  introspection,
};

function read(setting: unknown) {
  return readEnvironment(foreignIssuerSettings(), { TRUSTED_ISSUERS: JSON.stringify(setting) }).TRUSTED_ISSUERS;
}

test('without the setting no other issuer is trusted', () => {
  expect(readEnvironment(foreignIssuerSettings(), {})).toEqual({ TRUSTED_ISSUERS: [] });
});

test('an issuer is read as it is written, with a secret or a key', () => {
  expect(read([partner])).toEqual([partner]);
  const { clientSecret: _, ...endpoint } = introspection;
  const withKey = { ...partner, introspection: { ...endpoint, clientKey: { kty: 'EC', alg: 'ES256', d: 'x' } } };
  expect(read([withKey])).toEqual([withKey]);
});

test('every example in the documentation is a setting that works', async () => {
  const page = await readFile(new URL('../../../docs/foreign-issuers.md', import.meta.url), 'utf8');
  const examples = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, example = '']) => example);
  expect(examples).toHaveLength(2);
  for (const TRUSTED_ISSUERS of examples) {
    const settings = readEnvironment(foreignIssuerSettings(), { TRUSTED_ISSUERS });
    expect(settings.TRUSTED_ISSUERS).toMatchObject([{ issuer: 'https://login.partner.example', name: 'partner' }]);
  }
});

test.each<[string, unknown, string]>([
  ['a word', 'partner', 'TRUSTED_ISSUERS is not valid. Set it to a JSON list of issuers'],
  ['one that is no list', partner, 'TRUSTED_ISSUERS is not valid. Set it to'],
  ['a member that nobody knows', [{ ...partner, trusted: true }], 'is not valid at [0]. Set'],
  ['a name with a colon', [{ ...partner, name: 'a:b' }], 'is not valid at [0].name. Set'],
  ['an acr of our own invention', [{ ...partner, acr: { x: 'aal9' } }], 'is not valid at [0].acr.x. Set'],
  [
    'no word on how long it is believed',
    [{ ...partner, signedTokens: { keySetUrl: 'https://partner.test/jwks' } }],
    'is not valid at [0].signedTokens.believeForSeconds. Set',
  ],
  ['no client secret', [{ ...partner, introspection: { ...introspection, clientSecret: '' } }], 'at [0].introspection'],
  ['http', [{ ...partner, issuer: 'http://partner.test' }], 'must be https, or http on this machine. Set it to'],
  ['the same twice', [partner, partner], 'the issuer https://partner.test is there twice. Set it to'],
])('%s is refused, by a line that says where and holds no secret', (_name, setting, line) => {
  expect(() => read(setting)).toThrow(SettingsError);
  expect(() => read(setting)).toThrow(line);
  expect(() => read(setting)).not.toThrow('hunter2');
});
