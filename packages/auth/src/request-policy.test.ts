import { initTRPC, TRPCError } from '@trpc/server';
import { afterEach, expect, test } from 'vitest';
import type { PolicyPrincipal, PolicyRules, PolicySource } from './policy.ts';
import { openRequest } from './request-context.ts';
import { requestPolicy } from './request-policy.ts';
import { testAuthority, testGates, type TestGates } from './testing.ts';
import { denialAnswerOf, knownByPolicy, sealRouter, trustTiers, type TrustContext, type TrustMeta } from './trpc.ts';

/** Rules that allow everything in odd versions and nothing in even ones, and count how often they are asked. */
function countingRules(version: number): PolicyRules & { asked: string[] } {
  const asked: string[] = [];
  return {
    version,
    asked,
    decide: ({ action, resource }) => {
      asked.push(`${action} ${resource.id}`);
      return version % 2 === 1;
    },
    which: ({ action }) => {
      asked.push(`which ${action}`);
      return { all: [] };
    },
  };
}

const holding = (rules: PolicyRules | undefined, latest = rules): PolicySource => ({
  current: () => rules,
  latest: () => latest,
});

const ada: PolicyPrincipal = { user: 'u_ada', roles: new Set(['curator', 'buyer']) };
const question = {
  principal: ada,
  action: 'read',
  resource: { kind: 'product', id: '1', attributes: { owner: 'u_ada', archived: false } },
} as const;
const { resource } = question;
const all = resource.attributes;

test('a question is asked once per request, however often and in whatever order it is put together', () => {
  const rules = countingRules(1);
  const policy = requestPolicy(holding(rules));
  const again = {
    resource: { attributes: { archived: false, owner: 'u_ada' }, id: '1', kind: 'product' },
    action: 'read',
    principal: { roles: new Set(['buyer', 'curator']), user: 'u_ada' },
  };
  for (const one of [question, again, question]) expect(policy.decide(one)).toEqual({ outcome: 'allowed', version: 1 });
  expect(rules.asked).toEqual(['read 1']);
  requestPolicy(holding(rules)).decide(question);
  expect(rules.asked).toEqual(['read 1', 'read 1']);
});

test.each([
  ['another user', { ...question, principal: { ...ada, user: 'u_eve' } }],
  ['other roles', { ...question, principal: { ...ada, roles: new Set(['curator']) } }],
  ['a stranger', { ...question, principal: undefined }],
  ['another action', { ...question, action: 'change' }],
  ['another thing', { ...question, resource: { ...resource, id: '2' } }],
  ['another kind of thing', { ...question, resource: { ...resource, kind: 'order' } }],
  [
    'the thing after it changed',
    { ...question, resource: { ...resource, attributes: { owner: 'u_ada', archived: true } } },
  ],
  ['a thing with an attribute more', { ...question, resource: { ...resource, attributes: { ...all, stock: 1 } } }],
  ['a thing with one less', { ...question, resource: { ...resource, attributes: { owner: all.owner } } }],
  [
    'a thing with one by another name',
    { ...question, resource: { ...resource, attributes: { owner: all.owner, hidden: false } } },
  ],
  ['as many other roles', { ...question, principal: { ...ada, roles: new Set(['curator', 'seller']) } }],
  ['a role more', { ...question, principal: { ...ada, roles: new Set(['curator', 'buyer', 'seller']) } }],
  [
    'a thing with a value of another type',
    { ...question, resource: { ...resource, attributes: { owner: 'u_ada', archived: 'false' } } },
  ],
])('%s is another question', (_what, other) => {
  const rules = countingRules(1);
  const policy = requestPolicy(holding(rules));
  policy.decide(question);
  policy.decide(other);
  expect(rules.asked).toHaveLength(2);
  // And each of the two is remembered.
  for (const one of [other, question, { ...other }]) policy.decide(one);
  expect(rules.asked).toHaveLength(2);
});

test('a thing that is changed in place is another thing from then on', () => {
  const rules = countingRules(1);
  const policy = requestPolicy(holding(rules));
  const attributes = { owner: 'u_ada', archived: false };
  const changing = { ...question, resource: { ...resource, attributes } };
  policy.decide(changing);
  attributes.archived = true;
  policy.decide(changing);
  policy.decide(changing);
  expect(rules.asked).toHaveLength(2);
});

test('a rule set that arrives in the middle of a request counts from the next request on', () => {
  let newest = countingRules(1);
  const source = { current: () => newest, latest: () => newest };
  const policy = requestPolicy(source);
  expect(policy.decide(question)).toEqual({ outcome: 'allowed', version: 1 });
  newest = countingRules(2);
  expect(policy.decide({ ...question, action: 'change' })).toEqual({ outcome: 'allowed', version: 1 });
  expect(policy.decide({ ...question, principal: undefined })).toMatchObject({ version: 1 });
  expect(policy.which({ principal: ada, action: 'read', kind: 'product' })).toMatchObject({ version: 1 });
  expect(newest.asked).toEqual([]);
  expect(requestPolicy(source).decide(question)).toEqual({ outcome: 'denied', version: 2 });
});

test('a stranger’s question first: the others of the request get the same version', () => {
  let newest = countingRules(1);
  const policy = requestPolicy({ current: () => newest, latest: () => newest });
  policy.which({ principal: undefined, action: 'read', kind: 'product' });
  newest = countingRules(2);
  expect(policy.decide(question)).toEqual({ outcome: 'allowed', version: 1 });
});

test('without rules nobody is answered; with rules that are too old, strangers alone are', () => {
  const unknown = { outcome: 'unknown' };
  const stranger = { ...question, principal: undefined };
  for (const source of [undefined, holding(undefined)]) {
    expect([requestPolicy(source).decide(question), requestPolicy(source).decide(stranger)]).toEqual([
      unknown,
      unknown,
    ]);
    expect(requestPolicy(source).which({ principal: ada, action: 'read', kind: 'product' })).toEqual(unknown);
  }
  const old = requestPolicy(holding(undefined, countingRules(1)));
  expect(old.decide(stranger)).toEqual({ outcome: 'allowed', version: 1 });
  expect(old.decide(question)).toEqual(unknown);
});

const t = initTRPC.context<TrustContext>().meta<TrustMeta>().create();
const trust = trustTiers(t.procedure);
const router = t.router({
  change: trust.authenticatedRead({ scope: 's' }).query(({ ctx }) => {
    const principal = { user: ctx.principal.subject, roles: ctx.principal.roles };
    return knownByPolicy(ctx.request.policy.decide({ ...question, principal })).outcome;
  }),
});
const { tiers } = sealRouter(router);
const createCaller = t.createCallerFactory(router);

const opened: TestGates[] = [];
afterEach(() => {
  for (const { revocations } of opened.splice(0)) revocations.close();
});

async function batchOf(calls: number, policy: PolicySource): Promise<readonly unknown[]> {
  const authority = await testAuthority();
  const { gates, ...rest } = await testGates(authority, 'catalog');
  opened.push({ gates, ...rest });
  const authorization = `Bearer ${await authority.userToken({ audience: 'catalog', scope: 's' })}`;
  const request = openRequest({
    gates,
    policy,
    clock: gates.clock,
    headers: (name) => (name === 'Authorization' ? [authorization] : []),
    tiers: Array.from({ length: calls }, () => tiers.get('change') ?? 'publicRead'),
  });
  const caller = createCaller({ request });
  return Promise.all(
    Array.from({ length: calls }, () =>
      caller.change().catch((error: unknown) => (error instanceof TRPCError ? denialAnswerOf(error)?.status : error)),
    ),
  );
}

test('the calls of a batch share one answer', async () => {
  const rules = countingRules(1);
  expect(await batchOf(5, holding(rules))).toEqual(Array.from({ length: 5 }, () => 'allowed'));
  expect(rules.asked).toEqual(['read 1']);
});

test('rules that nobody knows are an outage: 503, never a yes and never a no', async () => {
  expect(await batchOf(2, holding(undefined))).toEqual([503, 503]);
});
