import { readEnvironment } from '@sallyport/service';
import { expect, test } from 'vitest';
import { providerSettings } from './provider-settings.ts';

const provider = {
  name: 'partner',
  issuer: 'https://login.partner.example',
  clientId: 'sallyport',
  clientSecret: 'a-secret-that-no-line-repeats',
};
const read = (list: unknown) => readEnvironment(providerSettings, { IDENTITY_PROVIDERS: JSON.stringify(list) });
const exchange = { clients: ['gateway'], keySetUrl: 'https://login.partner.example/jwks' };
const introspection = { url: 'https://login.partner.example/introspect', answersFor: ['opaque'] };
const accessTokens = { audience: 'us', scopes: {}, believeForSeconds: 0, introspection };

test('whoever says little gets what is strict: ID tokens by RS256, no new accounts, one factor, an hour', () => {
  const { IDENTITY_PROVIDERS: providers } = read([provider]);
  expect(providers).toEqual([
    {
      ...provider,
      scope: 'openid',
      idTokenAlgorithm: 'RS256',
      network: 'public',
      newAccounts: false,
      assurance: [],
      authTime: 'required',
      maxAgeSeconds: 3600,
    },
  ]);
  expect(readEnvironment(providerSettings, {}).IDENTITY_PROVIDERS).toEqual([]);
});

test.each<[string, readonly unknown[], string]>([
  ['http beyond this machine', [{ ...provider, issuer: 'http://login.partner.example' }], 'must be https'],
  ['an issuer with a query', [{ ...provider, issuer: 'https://login.partner.example?x' }], 'a query or a fragment'],
  ['an issuer with a password', [{ ...provider, issuer: 'https://u:p@login.partner.example' }], 'user or password'],
  ['neither secret nor key', [{ ...provider, clientSecret: undefined }], 'either clientSecret or clientKey'],
  ['a scope without openid', [{ ...provider, scope: 'email' }], 'no openid'],
  ['a row that matches everybody', [{ ...provider, assurance: [{ means: 'aal2' }] }], 'would match everybody'],
  [
    'two factors of unknown age',
    [{ ...provider, authTime: 'assumed', assurance: [{ acr: 'x', means: 'aal2' }] }],
    'how old a second factor is',
  ],
  ['one name twice', [provider, { ...provider, issuer: 'https://other.example' }], 'are called partner'],
  ['one issuer twice', [provider, { ...provider, name: 'other' }], 'is there twice'],
  ['an exchange of nothing', [{ ...provider, exchange }], 'neither accessTokens nor idTokens'],
  [
    'two that would be asked about any text',
    ['a', 'b'].map((name) => ({
      ...provider,
      name,
      issuer: `https://${name}.example`,
      exchange: { ...exchange, accessTokens },
    })),
    'nobody could tell whom to ask',
  ],
  ['a member that does not exist', [{ ...provider, trustEmail: true }], 'is not valid'],
])('%s keeps the authority from starting, in a line without a secret (MET-02)', (_, list, sentence) => {
  expect(() => read(list)).toThrow(sentence);
  expect(() => read(list)).not.toThrow(provider.clientSecret);
});
