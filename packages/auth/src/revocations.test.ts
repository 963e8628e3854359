import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rememberForMs, rememberRevocations, sessionSerial, type Revocation } from './revocations.ts';

const token = { tokenId: 't1', session: 'a.rnd', subject: 'u_ada', client: 'web', keyId: 'k1' }; // serial 10

test.each<[Revocation, boolean]>([
  [{ kind: 'session', session: 'a.rnd' }, true],
  [{ kind: 'session', session: 'b.rnd' }, false],
  [{ kind: 'token', tokenId: 't1' }, true],
  [{ kind: 'token', tokenId: 't2' }, false],
  [{ kind: 'key', keyId: 'k1' }, true],
  [{ kind: 'key', keyId: 'k2' }, false],
  [{ kind: 'subject', subject: 'u_ada', upToSerial: 10 }, true],
  [{ kind: 'subject', subject: 'u_ada', upToSerial: 9 }, false],
  [{ kind: 'subject', subject: 'u_eve', upToSerial: 99 }, false],
  [{ kind: 'client', client: 'web', upToSerial: 10 }, true],
  [{ kind: 'client', client: 'app', upToSerial: 10 }, false],
  [{ kind: 'everyone', upToSerial: 10 }, true],
  [{ kind: 'everyone', upToSerial: 9 }, false],
])('%j covers the token: %s', (revocation, covered) => {
  const revocations = rememberRevocations();
  revocations.add(revocation, 0);
  expect(revocations.covers(token)).toBe(covered);
});

test('cut-offs come to the same in every order: the greatest of subject, client and everyone counts', () => {
  const cutOff = fc.oneof(
    fc.record({
      kind: fc.constant('subject' as const),
      subject: fc.constantFrom('u_ada', 'u_eve'),
      upToSerial: fc.nat(20),
    }),
    fc.record({ kind: fc.constant('client' as const), client: fc.constantFrom('web', 'app'), upToSerial: fc.nat(20) }),
    fc.record({ kind: fc.constant('everyone' as const), upToSerial: fc.nat(20) }),
  );
  fc.assert(
    fc.property(fc.array(cutOff, { maxLength: 8 }), fc.nat(25), (cutOffs, serial) => {
      const revocations = rememberRevocations();
      for (const each of cutOffs) revocations.add(each, 0);
      const touching = cutOffs.filter(
        (each) =>
          each.kind === 'everyone' || (each.kind === 'subject' ? each.subject === 'u_ada' : each.client === 'web'),
      );
      const expected = touching.some(({ upToSerial }) => serial <= upToSerial);
      expect(revocations.covers({ ...token, session: `${serial.toString(36)}.rnd` })).toBe(expected);
    }),
  );
});

test('the effective cut-off is the greatest, whatever the order, and however often each one comes', () => {
  const cutOff: fc.Arbitrary<Revocation> = fc.oneof(
    fc.record({ kind: fc.constant('subject' as const), subject: fc.constant('u_ada'), upToSerial: fc.nat(9) }),
    fc.record({ kind: fc.constant('client' as const), client: fc.constant('web'), upToSerial: fc.nat(9) }),
    fc.record({ kind: fc.constant('everyone' as const), upToSerial: fc.nat(9) }),
  );
  const covered = (cutOffs: readonly Revocation[]): boolean[] => {
    const revocations = rememberRevocations();
    for (const each of cutOffs) revocations.add(each, 0);
    return Array.from({ length: 11 }, (_, serial) => revocations.covers({ ...token, session: `${serial}.rnd` }));
  };
  const some = fc.array(cutOff, { minLength: 1, maxLength: 5 });
  // Each of them, some a second time, in any order.
  const shuffle = (all: readonly Revocation[]) => fc.shuffledSubarray([...all], { minLength: all.length });
  const inAnyOrder = some.chain((cutOffs) =>
    fc.tuple(
      fc.constant(cutOffs),
      fc.subarray(cutOffs).chain((again) => shuffle([...cutOffs, ...again])),
    ),
  );
  fc.assert(
    fc.property(inAnyOrder, ([once, shuffled]) => {
      expect(covered(shuffled)).toEqual(covered(once));
    }),
  );
});

test('two rotations within one second end exactly what was begun before each', () => {
  const revocations = rememberRevocations();
  const ends = (serial: string): boolean => revocations.covers({ ...token, session: `${serial}.rnd` });
  revocations.add({ kind: 'subject', subject: 'u_ada', upToSerial: 1 }, 0);
  expect(['1', '2', '3'].map(ends)).toEqual([true, false, false]);
  revocations.add({ kind: 'subject', subject: 'u_ada', upToSerial: 2 }, 0);
  expect(['1', '2', '3'].map(ends)).toEqual([true, true, false]);
  // The first one comes again, late: it takes nothing back.
  revocations.add({ kind: 'subject', subject: 'u_ada', upToSerial: 1 }, 0);
  expect(['1', '2', '3'].map(ends)).toEqual([true, true, false]);
});

test('a service’s own token ends with the cut-off of its client by the serial in its id, within the same second too', () => {
  const revocations = rememberRevocations();
  const own = (tokenId: string) => ({ tokenId, subject: 'payments', client: 'payments', keyId: 'k1' });
  const ends = (tokenId: string): boolean => revocations.covers(own(tokenId));
  revocations.add({ kind: 'client', client: 'catalog', upToSerial: 99 }, 0);
  expect(ends('a.rnd')).toBe(false);
  revocations.add({ kind: 'client', client: 'payments', upToSerial: 10 }, 0);
  expect(['9.rnd', 'a.rnd', 'b.rnd', 'no-serial'].map(ends)).toEqual([true, true, false, true]);
  revocations.add({ kind: 'everyone', upToSerial: 11 }, 0);
  expect(['b.rnd', 'c.rnd'].map(ends)).toEqual([true, false]);
});

test('a denied key stays denied: whoever has it goes on making tokens', () => {
  const revocations = rememberRevocations();
  revocations.add({ kind: 'key', keyId: 'k1' }, 0);
  revocations.add({ kind: 'token', tokenId: 'later' }, rememberForMs * 100);
  expect(revocations.covers(token)).toBe(true);
});

test('a session id that holds no serial is spared by no cut-off', () => {
  expect(sessionSerial('no-serial')).toBeNaN();
  const revocations = rememberRevocations();
  revocations.add({ kind: 'everyone', upToSerial: 1 }, 0);
  expect(revocations.covers({ ...token, session: 'foreign' })).toBe(true);
});

test('what no live token can remember is forgotten, so memory is bounded', () => {
  const revocations = rememberRevocations();
  for (let index = 0; index < 1000; index += 1) revocations.add({ kind: 'token', tokenId: `t${index}` }, index);
  revocations.add({ kind: 'token', tokenId: 'last' }, rememberForMs + 2000);
  expect(revocations.size()).toBe(1);
});
