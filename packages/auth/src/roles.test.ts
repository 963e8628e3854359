import { initTRPC, TRPCError } from '@trpc/server';
import { afterEach, expect, test } from 'vitest';
import { authorizeFresh, authorizeUser, authorizeWithSecondFactor, type Standing } from './authorize.ts';
import { answerDenial } from './challenge.ts';
import { readRoles } from './claims.ts';
import { openRequest } from './request-context.ts';
import { testAuthority, testGates, type TestGates } from './testing.ts';
import { DenialError, sealRouter, trustTiers, type TrustContext, type TrustMeta } from './trpc.ts';

test.each<[unknown, readonly string[] | undefined]>([
  [undefined, []],
  [[], []],
  [['curator'], ['curator']],
  [
    ['Catalog:Admin', 'a'],
    ['Catalog:Admin', 'a'],
  ],
  [Array.from({ length: 16 }, (_, index) => `r${index}`), Array.from({ length: 16 }, (_, index) => `r${index}`)],
  ['curator', undefined],
  [null, undefined],
  [{ 0: 'curator', length: 1 }, undefined],
  [[{ value: 'curator' }], undefined],
  [['curator', 'curator'], undefined],
  [['two words'], undefined],
  [[''], undefined],
  [['r'.repeat(65)], undefined],
  [['cürator'], undefined],
  [Array.from({ length: 17 }, (_, index) => `r${index}`), undefined],
])('the claim roles %j is read as %j (RFC 9068 §2.2.3.1)', (claim, expected) => {
  expect(readRoles(claim)).toEqual(expected && new Set(expected));
});

const token = {
  kind: 'user' as const,
  issuer: 'i',
  subject: 'u_ada',
  client: 'web',
  audience: 'catalog',
  scope: new Set(['s']),
  roles: new Set(['curator']),
  tokenId: 't',
  keyId: 'k',
  issuedAt: 1,
  expiresAt: 2,
  session: '1.a',
  authTime: 1000,
  acr: 'aal1',
};
const session = { authTime: 1000, acr: 'aal1', answeredAt: 1100 };
const local: Standing = { kind: 'known', evidence: 'local', token, name: 'u_ada', checkedAtMs: 0 };
const fresh: Standing = { kind: 'known', evidence: 'fresh', token, name: 'u_ada', session, checkedAtMs: 0 };

test.each([
  ['scope before role', authorizeUser(local, ['other'], 'admin'), 'scope_missing'],
  ['the role that is held', authorizeUser(local, ['s'], 'curator'), undefined],
  ['one that is not', authorizeUser(local, ['s'], 'admin'), 'role_missing'],
  ['one that only begins alike', authorizeUser(local, ['s'], 'cur'), 'role_missing'],
  ['none, as a name', authorizeUser(local, ['s'], ''), 'role_missing'],
  ['fresh, held', authorizeFresh(fresh, ['s'], 'curator'), undefined],
  ['fresh, not held', authorizeFresh(fresh, ['s'], 'admin'), 'role_missing'],
  [
    'role before step-up',
    authorizeWithSecondFactor(fresh, ['s'], { withinSeconds: 1, acrValues: ['aal2'], role: 'admin' }),
    'role_missing',
  ],
  [
    'step-up after role',
    authorizeWithSecondFactor(fresh, ['s'], { withinSeconds: 1, acrValues: ['aal2'], role: 'curator' }),
    'second_factor_missing',
  ],
])('roles are decided: %s', (_name, verdict, expected) => {
  expect('denial' in verdict ? verdict.denial.reason : undefined).toBe(expected);
});

test('a missing role is answered like any other "this caller may not", without its name', () => {
  expect(answerDenial({ reason: 'role_missing' })).toEqual(answerDenial({ reason: 'caller_kind' }));
});

const t = initTRPC.context<TrustContext>().meta<TrustMeta>().create();
const trust = trustTiers(t.procedure);
const needs = { scope: 's', role: 'curator' };
const router = t.router({
  read: trust.authenticatedRead(needs).query(({ ctx }) => Array.from(ctx.principal.roles)),
  write: trust.standardWrite(needs).query(({ ctx }) => Array.from(ctx.principal.roles)),
  privileged: trust.privilegedWrite(needs).query(({ ctx }) => Array.from(ctx.principal.roles)),
  regulated: trust
    .regulatedAction({ ...needs, mfaWithinSeconds: 300 })
    .query(({ ctx }) => Array.from(ctx.principal.roles)),
});
const { tiers } = sealRouter(router);
const createCaller = t.createCallerFactory(router);
type Path = keyof typeof router._def.procedures;
const paths: readonly Path[] = ['read', 'write', 'privileged', 'regulated'];

const opened: TestGates[] = [];
afterEach(() => {
  for (const { revocations } of opened.splice(0)) revocations.close();
});

async function open() {
  const authority = await testAuthority();
  const gates = await testGates(authority, 'catalog');
  opened.push(gates);
  authority.secondFactor('1.test');
  const mint = () => authority.userToken({ audience: 'catalog', scope: 's', acr: 'aal2' });
  return { authority, gates, mint };
}

/** What the procedure answers in a request of its own, or the reason that is logged. */
async function outcome({ gates }: TestGates, bearer: string, path: Path): Promise<unknown> {
  const headers: Readonly<Record<string, string>> = { Authorization: `Bearer ${bearer}`, 'Idempotency-Key': 'one' };
  const request = openRequest({
    gates,
    clock: gates.clock,
    headers: (name) => (headers[name] === undefined ? [] : [headers[name]]),
    tiers: [tiers.get(path) ?? 'publicRead'],
  });
  const caller = createCaller({ request });
  return caller[path]().catch((error: unknown) => {
    if (!(error instanceof TRPCError) || !(error.cause instanceof DenialError)) throw error;
    return error.cause.denial.reason;
  });
}

test.each(paths)('%s is for whoever holds the role, and for nobody else', async (path) => {
  const { authority, gates, mint } = await open();
  expect(await outcome(gates, await mint(), path)).toBe('role_missing');
  authority.setRoles('u_ada', ['buyer', 'curator']);
  expect(await outcome(gates, await mint(), path)).toEqual(['buyer', 'curator']);
});

test('a role that was taken counts no longer behind the fresh gate, whatever the token says', async () => {
  const { authority, gates, mint } = await open();
  authority.setRoles('u_ada', ['curator']);
  const before = await mint();
  authority.setRoles('u_ada', []);
  expect(await outcome(gates, before, 'privileged')).toBe('role_missing');
  expect(await outcome(gates, before, 'regulated')).toBe('role_missing');
});

test('a role that was given counts at once behind the fresh gate', async () => {
  const { authority, gates, mint } = await open();
  const before = await mint();
  authority.setRoles('u_ada', ['curator']);
  expect(await outcome(gates, before, 'privileged')).toEqual(['curator']);
  expect(await outcome(gates, before, 'read')).toBe('role_missing');
});

test('a token whose roles cannot be read is not accepted: one of them might have been one that forbids', async () => {
  const { authority, gates } = await open();
  const odd = await authority.userToken({ audience: 'catalog', scope: 's', claims: { roles: [{ value: 'curator' }] } });
  expect(await outcome(gates, odd, 'read')).toBe('token_claims');
});

test('the role stands in meta, for reading', () => {
  expect(router._def.procedures.read._def.meta).toEqual({
    from: 'user',
    tier: 'authenticatedRead',
    scopes: ['s'],
    role: 'curator',
  });
});

test('services and carried users have no roles to ask for', () => {
  // @ts-expect-error a service's own token carries no roles
  expect(() => trust.authenticatedRead({ scope: 's', from: 'service', role: 'curator' })).not.toThrow();
  // @ts-expect-error a transaction token carries no roles
  expect(() => trust.authenticatedRead({ scope: 's', from: 'transaction', role: 'curator' })).not.toThrow();
});
