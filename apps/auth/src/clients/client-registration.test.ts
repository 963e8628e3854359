import { generateKeyPairSync } from 'node:crypto';
import { exportJWK } from 'jose';
import { expect, test } from 'vitest';
import { clientRegistration } from './client-registration.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const publicJwk = { ...(await exportJWK(publicKey)), kid: 'one' };
const service = { clientId: 'stock', kind: 'confidential', audience: 'stock', publicKeys: [publicJwk] };
const page = { clientId: 'shop', kind: 'public', grants: ['refresh_token'] };

test('a service and a page are registered with what they name, and nothing else', () => {
  expect(clientRegistration.parse(service)).toEqual({
    ...service,
    publicKeys: [{ ...publicJwk, alg: 'ES256', use: 'sig' }],
    senderConstraint: 'none',
    grants: [],
    userScopes: {},
    serviceScopes: {},
    exchangeTargets: {},
    returnAddresses: [],
  });
  expect(clientRegistration.parse(page)).toMatchObject({ ...page, publicKeys: [] });
});

test.each<[string, object, string]>([
  ['a secret', { ...service, clientSecret: 'guess' }, 'Unrecognized key'],
  ['no key at all', { ...service, publicKeys: [] }, 'at least one public key'],
  ['a private key', { ...service, publicKeys: [{ ...(await exportJWK(privateKey)), kid: 'one' }] }, 'a private key'],
  ['a symmetric key', { ...service, publicKeys: [{ kty: 'oct', k: 'AAAA', kid: 'one' }] }, 'a private key'],
  ['a key that is no point', { ...service, publicKeys: [{ ...publicJwk, y: publicJwk.x }] }, 'no point on P-256'],
  ['two keys of one name', { ...service, publicKeys: [publicJwk, publicJwk] }, 'the same kid'],
  ['a public client with a key', { ...page, publicKeys: [publicJwk] }, 'has no keys'],
  ['a public client with an audience', { ...page, audience: 'shop' }, 'serves no audience'],
  ['a public client with scopes of its own', { ...page, serviceScopes: { auth: ['introspect'] } }, 'no scopes of its'],
  [
    'a public client that gets tokens by itself',
    { ...page, grants: ['client_credentials'] },
    'only have refresh_token',
  ],
  ['the password grant', { ...page, grants: ['password'] }, 'Invalid option'],
  ['the authority’s own audience', { ...service, audience: 'auth' }, 'the authority’s'],
  ['the trust domain as audience', { ...service, audience: 'sallyport' }, 'the authority’s'],
  ['the name of a person', { ...page, clientId: 'u_adaAAAAAAAAAAAAA' }, 'must match pattern'],
  ['a name with a comma', { ...page, clientId: 'shop,stock' }, 'must match pattern'],
  ['an audience with a space', { ...page, userScopes: { 'a b': ['a'] } }, 'must match pattern'],
  ...[
    'http://shop.example/',
    'javascript:alert(1)//',
    'https://shop.example/#x',
    'https://u@shop.example/',
    'https://shop.example',
    'https://shop.example/a/../b',
  ].map((address): [string, object, string] => [
    `the return address ${address}`,
    { ...page, returnAddresses: [address] },
    'may be sent back to',
  ]),
  ['a scope with a space', { ...page, userScopes: { stock: ['a b'] } }, 'must match pattern'],
])('%s is not registered (OSB-14, OSB-18, JWK-01)', (_, registration, problem) => {
  const read = clientRegistration.safeParse(registration);
  expect(read.success).toBe(false);
  expect(JSON.stringify(read.error?.issues)).toContain(problem);
});
