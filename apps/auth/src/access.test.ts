import { callProcedure, identityFields, inputOf, proceduresOf, sendFromAnotherSite } from '@sallyport/service/testing';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sealedAuthRouter } from './router.ts';
import { sessions } from './schema.ts';
import { adaSubject, grace, runAuthority, type RunningAuthority } from './testing/running-authority.ts';
import { mintServiceToken, mintUserToken } from './tokens/access-token.ts';

// Every procedure of the router, so that none that is added is forgotten.
const procedures = proceduresOf(sealedAuthRouter);
const guarded = procedures.filter(({ tier }) => tier !== 'publicRead');
const audienceOf = (path: string): string => (path.startsWith('admin.') ? 'admin' : 'auth');
const everyScope = [...new Set([...procedures.flatMap(({ scopes }) => scopes), 'introspect', 'revocations', 'policy'])];

let auth: RunningAuthority;
let session: string;
beforeAll(async () => {
  auth = await runAuthority();
  session = (await auth.as().signIn.mutate(grace)).session.id;
});
afterAll(() => auth.close());

/** Grace's token, or one of payments itself, with these scopes, whatever their clients are registered for. */
async function tokenOf(kind: 'user' | 'service', scope: readonly string[], audience = 'auth'): Promise<string> {
  const target = { audience, scope };
  if (kind === 'service') return mintServiceToken(auth.authority, { clientId: 'payments', serial: 1 }, target).token;
  const [row] = await auth.authority.database.select().from(sessions).where(eq(sessions.sid, session));
  if (row === undefined) throw new Error('Grace is signed in.');
  return mintUserToken(auth.authority, row, target).token;
}

const kindOf = (from: string) => (from === 'user' ? 'user' : 'service');
const otherKind = (from: string) => (from === 'user' ? 'service' : 'user');

describe.each(guarded)('$path', (procedure) => {
  const { scopes, from, path } = procedure;

  test('is refused without its scope, whatever other scopes the token has (OSB-13)', async () => {
    for (const missing of scopes) {
      const token = await tokenOf(
        kindOf(from),
        everyScope.filter((scope) => scope !== missing),
        audienceOf(path),
      );
      const answer = await callProcedure(auth.issuer, procedure, { token });
      expect(answer).toMatchObject({ status: 403, reason: 'insufficient_scope' });
      const told = `error="insufficient_scope", scope="${scopes.join(' ')}"`;
      expect(answer.isStream || answer.challenge?.includes(told)).toBe(true);
    }
  });

  test('is refused to nobody, and to the other kind of caller, who has its scope', async () => {
    expect(await callProcedure(auth.issuer, procedure, {})).toMatchObject({ status: 401, reason: 'unauthenticated' });
    const token = await tokenOf(otherKind(from), everyScope, audienceOf(path));
    expect(await callProcedure(auth.issuer, procedure, { token })).toMatchObject({
      status: 403,
      reason: 'access_denied',
    });
  });
});

test('what the services of the house ask is all under "internal", and answers a service with that right alone', async () => {
  const forServices = procedures.filter(({ from }) => from === 'service');
  const internal = procedures.filter(({ path }) => path.startsWith('internal.'));
  expect(forServices).toEqual(internal);
  expect(internal.length).toBeGreaterThan(0);
  for (const procedure of internal) {
    const token = await tokenOf('service', procedure.scopes);
    const { status, reason } = await callProcedure(auth.issuer, procedure, { token });
    // The gate let it in: what it refuses then is an input that says nothing.
    expect([200, 400]).toContain(status);
    expect([undefined, 'invalid_input']).toContain(reason);
  }
});

test('no procedure takes from its input who is acting (IDB-01)', async () => {
  // Those who run the house say whom they mean; who they are stands in the audit log (`admin-router.test.ts`).
  const taking = procedures.filter(({ takesInput, path }) => takesInput && audienceOf(path) === 'auth');
  expect(taking.length).toBeGreaterThan(0);
  for (const procedure of taking) {
    const token = procedure.tier === 'publicRead' ? {} : { token: await tokenOf(kindOf(procedure.from), everyScope) };
    const answer = await callProcedure(auth.issuer, procedure, { ...token, input: inputOf(adaSubject) });
    expect({ path: procedure.path, ...answer }).toMatchObject({
      path: procedure.path,
      status: 400,
      reason: 'invalid_input',
    });
    expect(identityFields.filter((name) => procedure.inputMembers.includes(name))).toEqual([]);
    expect({ path: procedure.path, takesUnknown: procedure.takesUnknown }).toEqual({
      path: procedure.path,
      takesUnknown: false,
    });
  }
});

test('no page of another site carries out a mutation, and no cookie is set that it could send (NST-08)', async () => {
  const token = await tokenOf('user', ['account']);
  for (const procedure of procedures.filter(({ type }) => type === 'mutation')) {
    const statuses = await sendFromAnotherSite(auth.issuer, procedure, token);
    expect({ path: procedure.path, statuses }).toEqual({
      path: procedure.path,
      statuses: [415, 415, 415, 415, 405, 405],
    });
  }
});
