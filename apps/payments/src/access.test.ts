import { sealRouter } from '@sallyport/auth/trpc';
import { callProcedure, identityFields, inputOf, proceduresOf, sendFromAnotherSite } from '@sallyport/service/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { paymentsRouter } from './router.ts';
import { openTestHouse, type TestHouse } from './testing/house.ts';

// Every procedure of the router, so that none that is added is forgotten.
const procedures = proceduresOf(sealRouter(paymentsRouter));
const everyScope = [
  ...new Set([...procedures.flatMap(({ scopes }) => scopes), 'catalog:write', 'account', 'introspect']),
];

let house: TestHouse;
beforeAll(async () => {
  house = await openTestHouse();
});
afterAll(() => house.close());

/** Somebody's token with these scopes, after a second factor just now. */
async function tokenWith(scopes: readonly string[]): Promise<string> {
  const session = '1.access';
  house.authority.secondFactor(session);
  return house.authority.userToken({
    audience: 'payments',
    scope: scopes.join(' '),
    subject: 'u_ada',
    session,
    acr: 'aal2',
  });
}

test('every procedure here is behind a gate, and for people with a token of their own', () => {
  expect(procedures.filter(({ tier, from }) => tier === 'publicRead' || from !== 'user')).toEqual([]);
});

describe.each(procedures)('$path', (procedure) => {
  const { scopes } = procedure;

  test('is refused without its scope, whatever other scopes the token has (OSB-13)', async () => {
    for (const missing of scopes) {
      const token = await tokenWith(everyScope.filter((scope) => scope !== missing));
      const answer = await callProcedure(house.url, procedure, { token });
      expect(answer).toMatchObject({ status: 403, reason: 'insufficient_scope' });
      expect(answer.challenge).toContain(`error="insufficient_scope", scope="${scopes.join(' ')}"`);
    }
  });

  test('is refused to nobody, and to a service that has its scope', async () => {
    expect(await callProcedure(house.url, procedure, {})).toMatchObject({ status: 401, reason: 'unauthenticated' });
    const scope = everyScope.join(' ');
    const token = await house.authority.serviceToken({ client: 'catalog', audience: 'payments', scope });
    const transaction = await house.authority.transactionToken({ service: 'catalog', scope });
    for (const headers of [{}, { 'txn-token': transaction }]) {
      const answer = await callProcedure(house.url, procedure, { token, headers });
      expect(answer).toMatchObject({ status: 403, reason: 'access_denied' });
    }
  });
});

test('no procedure takes from its input who is acting (IDB-01)', async () => {
  const taking = procedures.filter(({ takesInput }) => takesInput);
  expect(taking.length).toBeGreaterThan(0);
  for (const procedure of taking) {
    const token = await tokenWith(everyScope);
    const answer = await callProcedure(house.url, procedure, { token, input: inputOf('u_somebody_else') });
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
  const token = await tokenWith(everyScope);
  for (const procedure of procedures.filter(({ type }) => type === 'mutation')) {
    const statuses = await sendFromAnotherSite(house.url, procedure, token);
    expect({ path: procedure.path, statuses }).toEqual({
      path: procedure.path,
      statuses: [415, 415, 415, 415, 405, 405],
    });
  }
});
