import { sealRouter } from '@sallyport/auth/trpc';
import { callProcedure, identityFields, inputOf, proceduresOf, sendFromAnotherSite } from '@sallyport/service/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalogRouter } from './router.ts';
import { runCatalog, type RunningCatalog } from './testing/running-catalog.ts';

// Every procedure of the router, so that none that is added is forgotten.
const procedures = proceduresOf(sealRouter(catalogRouter));
const everyScope = [
  ...new Set([...procedures.flatMap(({ scopes }) => scopes), 'payments:write', 'account', 'introspect']),
];

const curator = 'u_curator';

let catalog: RunningCatalog;
beforeAll(async () => {
  catalog = await runCatalog();
  // A role is asked for beside the scope, and is not what is looked at here.
  catalog.authority.setRoles(curator, ['curator']);
});
afterAll(() => catalog.close());

/** What a person brings, or payments for a person, with these scopes. */
async function credentials(from: string, scopes: readonly string[], carried: readonly string[] = scopes) {
  const { authority } = catalog;
  const scope = scopes.join(' ');
  if (from === 'user') return { token: await authority.userToken({ audience: 'catalog', scope, subject: curator }) };
  const transaction = await authority.transactionToken({ service: 'payments', scope: carried.join(' ') });
  return {
    token: await authority.serviceToken({ client: 'payments', audience: 'catalog', scope }),
    headers: { 'txn-token': transaction },
  };
}

describe.each(procedures.filter(({ tier }) => tier !== 'publicRead'))('$path', (procedure) => {
  const { scopes, from } = procedure;

  test('is refused without its scope, whatever other scopes the token has (OSB-13)', async () => {
    for (const missing of scopes) {
      const others = everyScope.filter((scope) => scope !== missing);
      // Neither of a service and the person whom it carries can lend the other a scope.
      const lacking = [await credentials(from, others), await credentials(from, others, everyScope)];
      if (from === 'transaction') lacking.push(await credentials(from, everyScope, others));
      for (const sent of lacking) {
        const answer = await callProcedure(catalog.url, procedure, sent);
        expect(answer).toMatchObject({ status: 403, reason: 'insufficient_scope' });
        expect(answer.challenge).toContain(`error="insufficient_scope", scope="${scopes.join(' ')}"`);
      }
    }
  });

  test('is refused to nobody, and to the other kind of caller, who has its scope', async () => {
    expect(await callProcedure(catalog.url, procedure, {})).toMatchObject({ status: 401, reason: 'unauthenticated' });
    const other = await credentials(from === 'user' ? 'transaction' : 'user', everyScope);
    expect(await callProcedure(catalog.url, procedure, other)).toMatchObject({ status: 403, reason: 'access_denied' });
  });
});

test('no procedure takes from its input who is acting (IDB-01)', async () => {
  const taking = procedures.filter(({ takesInput }) => takesInput);
  expect(taking.length).toBeGreaterThan(0);
  for (const procedure of taking) {
    const sent = procedure.tier === 'publicRead' ? {} : await credentials(procedure.from, everyScope);
    const answer = await callProcedure(catalog.url, procedure, { ...sent, input: inputOf('u_somebody_else') });
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
  const { token } = await credentials('user', everyScope);
  for (const procedure of procedures.filter(({ type }) => type === 'mutation')) {
    const statuses = await sendFromAnotherSite(catalog.url, procedure, token);
    expect({ path: procedure.path, statuses }).toEqual({
      path: procedure.path,
      statuses: [415, 415, 415, 415, 405, 405],
    });
  }
});
