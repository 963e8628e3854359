import fc from 'fast-check';
import { expect, test } from 'vitest';
import { userOf } from './principal.ts';

test("the house's users keep their ids, others follow their issuer's name", () => {
  expect(userOf(undefined, 'u_ada')).toBe('u_ada');
  expect(userOf('partner', 'u_ada')).toBe('partner:u_ada');
  expect(userOf(undefined, 'partner:u_ada')).toBe(':partner:u_ada');
});

test('two subjects of any issuers never share a name', () => {
  const issuer = fc.option(fc.constantFrom('a', 'b', 'a-b', 'ab'), { nil: undefined });
  const subject = fc.string({ unit: fc.constantFrom('a', 'b', ':', '-'), minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(issuer, subject, issuer, subject, (oneIssuer, one, otherIssuer, other) => {
      const areTheSame = oneIssuer === otherIssuer && one === other;
      expect(userOf(oneIssuer, one) === userOf(otherIssuer, other)).toBe(areTheSame);
    }),
    { numRuns: 20_000 },
  );
});
