import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unknownCaller } from '../caller.ts';
import { startSession } from '../sign-in/sessions.ts';
import { assertionType, newServiceKey } from '../testing/callers.ts';
import { claimsOf } from '../testing/expected.ts';
import { adaSubject, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { mintUserToken } from '../tokens/access-token.ts';
import { clientRegistration, type ClientRegistrationInput } from './client-registration.ts';
import { registerClient } from './manage-clients.ts';

const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
const grants = ['client_credentials', 'refresh_token', exchange] as const;
type Grant = (typeof grants)[number];
type Request = Readonly<{ grant: Grant; audience: string; scope: string[] | undefined }>;

let auth: RunningAuthority;
let key: Awaited<ReturnType<typeof newServiceKey>>;
beforeAll(async () => {
  auth = await runAuthority();
  key = await newServiceKey('key');
});
afterAll(() => auth.close());

const audience = fc.constantFrom('catalog', 'stock', 'sallyport');
const scopes = fc.subarray(['read', 'write', 'pay'], { minLength: 1 });
const scopesByAudience = fc
  .uniqueArray(fc.tuple(audience, scopes), { selector: ([name]) => name })
  .map((entries): Record<string, string[]> => Object.fromEntries(entries));
const registered = fc.record({
  grants: fc.subarray([...grants], { minLength: 1 }),
  userScopes: scopesByAudience,
  serviceScopes: scopesByAudience,
  exchangeTargets: scopesByAudience,
});
const request: fc.Arbitrary<Request> = fc.record({
  grant: fc.constantFrom(...grants),
  audience: fc.oneof({ weight: 6, arbitrary: audience }, fc.constantFrom('auth', 'constructor', '__proto__', 'admin')),
  scope: fc.option(scopes, { nil: undefined, freq: 4 }),
});

/** One exchange for each scope that the service may carry anybody on with: the person may not have it. */
function carryOn({ sallyport = [] }: Readonly<Record<string, readonly string[]>>): Request[] {
  return sallyport.map((scope) => ({ grant: exchange, audience: 'sallyport', scope: [scope] }));
}

/** What people have: at one audience at most, so that there is much that they do not have. */
const fewScopes = fc
  .tuple(audience, fc.subarray(['read', 'write', 'pay']))
  .map(([where, list]): Record<string, string[]> => ({ [where]: list }));

let registrations = 0;

/** A service, and the page through which the people came whom it may carry on; each called like nobody before. */
async function register(rights: Partial<ClientRegistrationInput>, pageScopes: Record<string, string[]>) {
  registrations += 1;
  const [clientId, page] = [`s${registrations}`, `p${registrations}`];
  const service = { ...rights, clientId, kind: 'confidential', audience: clientId, publicKeys: [key.publicJwk] };
  const through = { clientId: page, kind: 'public', grants: ['refresh_token'], userScopes: pageScopes };
  for (const one of [service, through])
    expect(await registerClient(auth.authority, clientRegistration.parse(one), { because: 'test' })).toMatchObject({
      outcome: 'done',
    });
  return { clientId, page };
}

async function sessionThrough(clientId: string) {
  return startSession(auth.authority, {
    subject: adaSubject,
    clientId,
    proof: { acr: 'aal1', amr: ['pwd'] },
    caller: unknownCaller,
  });
}

async function membersOf({ grant, audience: where, scope }: Request, who: Awaited<ReturnType<typeof register>>) {
  const named = { grant_type: grant, ...(scope !== undefined && { scope: scope.join(' ') }) };
  if (grant === 'client_credentials') return { ...named, audience: where };
  if (grant === 'refresh_token') {
    const { refreshToken } = await sessionThrough(who.clientId);
    return { ...named, resource: where, refresh_token: refreshToken.text };
  }
  const { session } = await sessionThrough(who.page);
  const { token } = mintUserToken(auth.authority, session, { audience: who.clientId, scope: [] });
  return {
    ...named,
    audience: where,
    requested_token_type: 'urn:ietf:params:oauth:token-type:txn_token',
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  };
}

async function ask(clientId: string, members: Readonly<Record<string, string>>) {
  const at = Math.floor(auth.now() / 1000);
  const assertion = new SignJWT({
    iss: clientId,
    sub: clientId,
    aud: auth.issuer,
    exp: at + 60,
    jti: randomBytes(9).toString('hex'),
  });
  const client_assertion = await assertion.setProtectedHeader({ alg: 'ES256', kid: key.kid }).sign(key.privateKey);
  return auth.post('/oauth/token', { ...members, client_assertion, client_assertion_type: assertionType });
}

test('over HTTP, whoever asks for whatever gets a token exactly for what was registered, and never one beside it (TEX-04)', async () => {
  await fc.assert(
    fc.asyncProperty(
      registered,
      fewScopes,
      fc.array(request, { minLength: 4, maxLength: 8 }),
      async (rights, pageScopes, requests) => {
        const who = await register(rights, pageScopes);
        const persons = new Set(Object.values(pageScopes).flat());
        // What may be had, written down apart from the code that decides.
        const had = {
          client_credentials: rights.serviceScopes,
          refresh_token: rights.userScopes,
          [exchange]: { sallyport: (rights.exchangeTargets['sallyport'] ?? []).filter((one) => persons.has(one)) },
        };
        for (const one of [...requests, ...carryOn(rights.exchangeTargets)]) {
          const { status, json } = await ask(who.clientId, await membersOf(one, who));
          const table = new Map(rights.grants.includes(one.grant) ? Object.entries(had[one.grant]) : []);
          const allowed = table.get(one.audience);
          // An exchange has to say for which scope.
          const wanted = one.grant === exchange ? (one.scope ?? ['none']) : (one.scope ?? allowed ?? []);
          const isInside = allowed !== undefined && wanted.every((scope) => allowed.includes(scope));
          expect({ one, status }).toEqual({ one, status: isInside ? 200 : 400 });
          expect(json['access_token'] === undefined).toBe(!isInside);
          if (!isInside) continue;
          const claims = claimsOf(json['access_token']);
          expect(claims).toMatchObject({ aud: one.audience, scope: wanted.join(' ') });
        }
      },
    ),
    { numRuns: 10 },
  );
});
