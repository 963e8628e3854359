import { expect, test } from 'vitest';
import { openGates } from './gates.ts';
import { ownStaleness, type StalenessParts } from './staleness.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';

const verifier = (maxLifetimeSeconds: number) => ({
  maxLifetimeSeconds,
  verify: () => {
    throw new Error('not reached');
  },
});
const feed = { silenceMs: () => 0, isRevoked: () => false, learn: () => {}, position: () => 0 };
const house: TrustedIssuer = { issuer: 'https://house.test', local: verifier(600), revocations: feed };
const partner = (believeForSeconds: number, lifetimeSeconds: number): TrustedIssuer => ({
  issuer: 'https://partner.test',
  name: 'partner',
  local: verifier(lifetimeSeconds),
  revocations: { feed: 'none', believeForSeconds },
});

const start =
  (staleness: Partial<StalenessParts>, ...others: readonly TrustedIssuer[]) =>
  () =>
    openGates({ issuers: [house, ...others], staleness });

test("the package's own parts fit, with room to spare", () => {
  expect(ownStaleness).toEqual({ cache: 0, batchWindow: 0, feedLag: 3500, clockSkew: 0 });
  expect(start({})).not.toThrow();
});

test.each<[string, Partial<StalenessParts>, string]>([
  [
    'a feed that may lag longer than the bound',
    { feedLag: 5001 },
    'authenticatedRead promises 5 s, but cache 0 s + batchWindow 0 s + feedLag 5.001 s + clockSkew 0 s = 5.001 s',
  ],
  [
    'parts that fit one by one, and not together',
    { feedLag: 4000, clockSkew: 1500 },
    'authenticatedRead promises 5 s, but cache 0 s + batchWindow 0 s + feedLag 4 s + clockSkew 1.5 s = 5.5 s',
  ],
  [
    'a cache of answers behind the fresh gate',
    { cache: 1 },
    'privilegedWrite promises 0 s, but cache 0.001 s + batchWindow 0 s = 0.001 s',
  ],
  [
    'a batch window in which an asker may join an older question',
    { batchWindow: 2 },
    'privilegedWrite promises 0 s, but cache 0 s + batchWindow 0.002 s = 0.002 s',
  ],
  ['a part that is no number', { clockSkew: Number.NaN }, 'the staleness part clockSkew is NaN'],
  ['a part below nothing', { feedLag: -1 }, 'the staleness part feedLag is -1'],
])('%s does not fit: the service does not start, and says the sum', (_name, staleness, problem) => {
  expect(start(staleness)).toThrow(problem);
});

test.each<[string, Partial<StalenessParts>]>([
  ['a feed that may lag 5 s', { feedLag: 5000 }],
  ['a clock skew that fills the bound', { clockSkew: 1500 }],
])('%s fits', (_name, staleness) => {
  expect(start(staleness)).not.toThrow();
});

test('an issuer without a feed is not believed for longer than its tokens live', () => {
  expect(start({}, partner(300, 300))).not.toThrow();
  expect(start({}, partner(301, 300))).toThrow(
    'the issuer https://partner.test promises 310 s, but belief without a feed 301 s + clockSkew 10 s = 311 s',
  );
});
