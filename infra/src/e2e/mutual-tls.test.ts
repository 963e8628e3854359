import { createHash, randomUUID, X509Certificate } from 'node:crypto';
import { mutualTlsFetch } from '@sallyport/client/mutual-tls';
import { openServiceClient } from '@sallyport/client/service';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { makeCertificates, type Certificate, type Certificates } from '../certificates.ts';
import { newPerson, someAgreement, type Person } from '../testing/person.ts';
import { startTestSystem, type TestSystem } from '../testing/system.ts';

let certificates: Certificates;
let system: TestSystem;
let ann: Person;

beforeAll(async () => {
  certificates = await makeCertificates('127.0.0.1');
  system = await startTestSystem({ certificates });
  ann = await newPerson(system.urls);
});

afterAll(() => system.close());

/** `x5t#S256` by another way than the services': the fingerprint that Node prints. */
function thumbprintOf({ certificate }: Certificate): string {
  const { fingerprint256 } = new X509Certificate(certificate);
  return Buffer.from(fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
}

/** A service of this name, which shows this certificate, or none. */
function service(clientId: 'catalog' | 'payments', shows?: Certificate) {
  return openServiceClient({
    issuer: system.urls.auth,
    authorityUrl: shows ? system.mutualTlsUrls.auth : system.urls.auth,
    clientId,
    privateKey: system.secrets.clientKeys[clientId],
    fetch: shows && mutualTlsFetch({ ...shows, authorities: certificates.auth.authorities }),
  });
}

const error = z.object({ error: z.object({ data: z.object({ reason: z.string() }) }) });

/** What a service says of a token on a connection with this certificate, or on one without. */
async function asked(
  url: string,
  token: string,
  { shows, headers = {} }: Readonly<{ shows?: Certificate; headers?: Record<string, string> }>,
) {
  const send = shows ? mutualTlsFetch({ ...shows, authorities: certificates.auth.authorities }) : fetch;
  const response = await send(url, { headers: { authorization: `Bearer ${token}`, ...headers } });
  return { status: response.status, reason: error.safeParse(await response.json()).data?.error.data.reason };
}

const invalidToken = { status: 401, reason: 'invalid_token' };
const position = '/trpc/internal.position';

test('a payment goes through three services that show each other certificates', async () => {
  const { device } = ann;
  await expect(device.client.payments.pay.mutate(await someAgreement(device))).resolves.toBeDefined();
  // Their tokens are bound to certificates, so none of this can have gone over the plain addresses: see below.
  // The line is written when the answer is out, and read a moment later.
  const quotes = () => system.log.lines.filter(({ record }) => record?.['path'] === '/trpc/products.quote');
  await expect.poll(() => quotes().length, { timeout: 5000 }).toBeGreaterThan(0);
});

test('a service’s own token is bound to the certificate of the connection it was asked for on (MTL-01, OSB-06)', async () => {
  const token = await service('payments', certificates.payments).token('auth', 'revocations');
  expect(decodeJwt(token)['cnf']).toEqual({ 'x5t#S256': thumbprintOf(certificates.payments) });
  expect(token.length).toBeLessThanOrEqual(600);
  const bound = await asked(`${system.mutualTlsUrls.auth}${position}`, token, { shows: certificates.payments });
  expect(bound.status).toBe(200);
});

test('with another certificate, or with none, it is 401 invalid_token (MTL-02, OSB-06)', async () => {
  const token = await service('payments', certificates.payments).token('auth', 'revocations');
  const other = await asked(`${system.mutualTlsUrls.auth}${position}`, token, { shows: certificates.catalog });
  expect(other).toEqual(invalidToken);
  expect(await asked(`${system.urls.auth}${position}`, token, {})).toEqual(invalidToken);
  const forCatalog = await service('payments', certificates.payments).token('catalog', 'catalog:read');
  const quote = `/trpc/products.quote?input=${encodeURIComponent(JSON.stringify({ productId: randomUUID() }))}`;
  expect(await asked(`${system.mutualTlsUrls.catalog}${quote}`, forCatalog, { shows: certificates.auth })).toEqual(
    invalidToken,
  );
  expect(await asked(`${system.urls.catalog}${quote}`, forCatalog, {})).toEqual(invalidToken);
});

test('a header that tells of a certificate is worth nothing, with a connection that shows another or none (MTL-01)', async () => {
  const { certificate } = certificates.payments;
  const token = await service('payments', certificates.payments).token('auth', 'revocations');
  const der = new X509Certificate(certificate).raw.toString('base64');
  const pem = encodeURIComponent(certificate);
  const headers = {
    'client-cert': `:${der}:`,
    'x-client-cert': pem,
    'x-ssl-client-cert': pem,
    'ssl-client-verify': 'SUCCESS',
    'x-forwarded-client-cert': `Hash=${createHash('sha256').update(der, 'base64').digest('hex')};Cert="${pem}"`,
    'x5t-s256': thumbprintOf(certificates.payments),
  };
  expect(await asked(`${system.urls.auth}${position}`, token, { headers })).toEqual(invalidToken);
  const other = { shows: certificates.catalog, headers };
  expect(await asked(`${system.mutualTlsUrls.auth}${position}`, token, other)).toEqual(invalidToken);
});

test('a service that is registered for certificates gets no token without one', async () => {
  const refusal = await service('payments')
    .token('auth', 'revocations')
    .catch((thrown: unknown) => thrown);
  expect(refusal).toMatchObject({ name: 'AuthorityRefused', error: 'invalid_request' });
});

test('nobody is heard at the second address without a certificate, or with one of another authority', async () => {
  const strangers = await makeCertificates('127.0.0.1');
  const { certificate, key } = strangers.payments;
  for (const url of Object.values(system.mutualTlsUrls)) {
    const stranger = mutualTlsFetch({ certificate, key, authorities: certificates.auth.authorities });
    await expect(stranger(`${url}/healthz`)).rejects.toThrow();
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    // And a service that is not of the house is not believed either.
    const deceived = mutualTlsFetch({ ...certificates.payments, authorities: strangers.auth.authorities });
    await expect(deceived(`${url}/healthz`)).rejects.toThrow();
  }
});

test('people’s tokens are as they were, and the metadata says where a certificate can be shown', async () => {
  const tokens = await ann.device.tokens();
  expect(decodeJwt(tokens.accessTokens['catalog']?.token ?? '')['cnf']).toBeUndefined();
  const metadata: unknown = await (await fetch(`${system.urls.auth}/.well-known/oauth-authorization-server`)).json();
  expect(metadata).toMatchObject({
    issuer: system.urls.auth,
    tls_client_certificate_bound_access_tokens: true,
    mtls_endpoint_aliases: { token_endpoint: `${system.mutualTlsUrls.auth}/oauth/token` },
  });
});
