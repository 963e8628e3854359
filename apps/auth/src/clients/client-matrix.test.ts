import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideGrant, grants, personsScope, type ClientRights } from './client-matrix.ts';
import { takesAway } from './rights-taken.ts';

const audience = fc.constantFrom('auth', 'catalog', 'payments', 'sallyport', 'constructor', '__proto__', 'toString');
const scope = fc.constantFrom('read', 'write', 'pay');
const scopes = fc.uniqueArray(scope);
const scopesByAudience = fc
  .uniqueArray(fc.tuple(fc.constantFrom('auth', 'catalog', 'payments', 'sallyport'), scopes), {
    selector: ([name]) => name,
  })
  .map((entries): Record<string, string[]> => Object.fromEntries(entries));
const rights: fc.Arbitrary<ClientRights> = fc.record({
  grants: fc.uniqueArray(fc.constantFrom<string>(...grants)),
  userScopes: scopesByAudience,
  serviceScopes: scopesByAudience,
  exchangeTargets: scopesByAudience,
});

/** The same matrix written out: every cell, `<grant> <audience> <scope>`, and every row, `<grant> <audience>`. */
function writtenOut(client: ClientRights): Set<string> {
  const written = new Set<string>();
  const write = (grant: string, table: Readonly<Record<string, readonly string[]>>): void => {
    if (!client.grants.includes(grant)) return;
    for (const [where, list] of Object.entries(table))
      for (const cell of ['', ...list]) written.add(`${grant} ${where} ${cell}`.trim());
  };
  write('client_credentials', client.serviceScopes);
  write('refresh_token', client.userScopes);
  write('urn:ietf:params:oauth:grant-type:token-exchange', client.exchangeTargets);
  return written;
}

test('what is granted are cells of the matrix, and every cell is granted: nothing outside it, whatever is asked (TEX-04)', () => {
  const request = fc.tuple(fc.constantFrom(...grants), audience, fc.option(scopes, { nil: undefined }));
  fc.assert(
    fc.property(rights, request, (client, [grant, where, named]) => {
      const matrix = writtenOut(client);
      const row = `${grant} ${where}`;
      const cells = [...matrix].flatMap((cell) => (cell.startsWith(`${row} `) ? [cell.slice(row.length + 1)] : []));
      const isInside = matrix.has(row) && (named ?? []).every((one) => cells.includes(one));
      const decided = decideGrant(client, { grant, audience: where, scope: named });
      expect(decided.outcome === 'granted' ? decided.scope : undefined).toEqual(
        isInside ? (named ?? cells) : undefined,
      );
    }),
    { numRuns: 2000 },
  );
});

test('a person is carried on with what they have: at the audience, or anywhere in the trust domain', () => {
  const client = { userScopes: { catalog: ['read'], payments: ['pay'] } };
  expect(personsScope(client, 'sallyport')).toEqual(['read', 'pay']);
  expect(personsScope(client, 'payments')).toEqual(['pay']);
  expect(personsScope(client, 'constructor')).toEqual([]);
});

test('a change takes something away exactly when a cell of the matrix, a key or the audience is gone', () => {
  const key = (kid: string) => ({ kid, kty: 'EC', crv: 'P-256', x: kid, y: kid, alg: 'ES256', use: 'sig' }) as const;
  const held = fc.record({
    senderConstraint: fc.constantFrom('none' as const, 'dpop' as const),
    publicKeys: fc.subarray([key('a'), key('b')]),
    audience: fc.constantFrom(null, 'x', 'y'),
  });
  fc.assert(
    fc.property(fc.tuple(rights, held), fc.tuple(rights, held), ([one, oneHeld], [other, otherHeld]) => {
      const [before, after] = [
        { ...one, ...oneHeld },
        { ...other, ...otherHeld },
      ];
      const lost =
        !isWithin(before.grants, after.grants) ||
        (['userScopes', 'serviceScopes', 'exchangeTargets'] as const).some(
          (table) =>
            !isWithin(Object.keys(before[table]), Object.keys(after[table])) ||
            !isWithin(flat(before[table]), flat(after[table])),
        ) ||
        !isWithin(
          before.publicKeys.map(({ kid }) => kid),
          after.publicKeys.map(({ kid }) => kid),
        ) ||
        before.senderConstraint !== after.senderConstraint ||
        (before.audience !== null && before.audience !== after.audience);
      expect(takesAway(before, after)).toBe(lost);
      expect(takesAway(before, before)).toBe(false);
    }),
  );
});

function isWithin(some: readonly string[], all: readonly string[]): boolean {
  return some.every((one) => all.includes(one));
}

function flat(table: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.entries(table).flatMap(([where, list]) => list.map((one) => `${where} ${one}`));
}
