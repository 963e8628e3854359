import { KeyObject, verify } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import {
  cachingVerifier,
  coalescingAuthority,
  followRevocations,
  introspectingVerifier,
  isCanonicalCompactJws,
  localVerifier,
  openGates,
  openRequest,
  systemClock,
  type BearerToken,
  type TrustedIssuer,
  type VerificationKeys,
} from '@sallyport/auth';
import { openPolicyRules } from '@sallyport/auth/policy';
import { testAuthority } from '@sallyport/auth/testing';
import { trustTiers, type TrustContext, type TrustMeta } from '@sallyport/auth/trpc';
import { initTRPC } from '@trpc/server';
import { jwtVerify } from 'jose';

/** What a request pays in `packages/auth`, part by part, in microseconds: `node apps/benchmark/src/gate-costs.ts`. */
const authority = await testAuthority(systemClock);
const { issuer } = authority;
const audience = 'catalog';
const known = authority.keys.find('key-1');
if (known === undefined) throw new Error('the test authority has no key');
const keyObject = KeyObject.from(known.key);
// As `remoteKeys` answers; the test authority counts its epochs anew each time.
const keys: VerificationKeys = { ...authority.keys, epoch: () => 0 };

const tokens = await Promise.all(Array.from({ length: 12_000 }, async () => bearer(await userToken())));
const [token] = tokens;
if (token === undefined) throw new Error('no token was made');
const signatures = tokens.map((text) => {
  const end = text.lastIndexOf('.');
  return { input: Buffer.from(text.slice(0, end)), signature: Buffer.from(text.slice(end + 1), 'base64url') };
});

function userToken() {
  const claims = { jti: crypto.randomUUID() };
  return authority.userToken({ audience, scope: 'catalog:read catalog:write', session: '1.8f2c1e', claims });
}

function bearer(text: string): BearerToken {
  if (!isCanonicalCompactJws(text)) throw new Error('no token');
  return text;
}

const revocations = followRevocations(authority.feed);
const local = cachingVerifier(localVerifier({ issuer, audience, keys }), { epoch: keys.epoch });
const ask = coalescingAuthority(authority.introspect);
const house: TrustedIssuer = { issuer, local, fresh: introspectingVerifier(local, ask), revocations };
const foreign: TrustedIssuer = { ...house, issuer: 'https://elsewhere.example', name: 'elsewhere' };
const onDecision = () => {};
const gates = openGates({ issuers: [house], restrictions: revocations.restrictions, onDecision });
const gatesOfTwo = openGates({ issuers: [house, foreign], restrictions: revocations.restrictions, onDecision });
while (revocations.silenceMs() === Infinity) await setImmediate();

const t = initTRPC.context<TrustContext>().meta<TrustMeta>().create({ isServer: true });
const trust = trustTiers(t.procedure);
const createCaller = t.createCallerFactory(
  t.router({
    open: t.procedure.query(() => 1),
    public: trust.publicRead().query(() => 1),
    read: trust.authenticatedRead({ scope: 'catalog:read' }).query(() => 1),
    write: trust.privilegedWrite({ scope: 'catalog:write' }).query(() => 1),
  }),
);

const trace = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', sampled: true };
const { signal } = new AbortController();
const names = new Map([['authorization', [`Bearer ${token}`]]]);
const none: readonly string[] = [];
const headers = (name: string) => names.get(name.toLowerCase()) ?? none;
const noHeaders = () => none;
type Tier = 'publicRead' | 'authenticatedRead' | 'privilegedWrite';
const open = (tier: Tier, of = gates, from = headers) =>
  openRequest({ gates: of, headers: from, tiers: [tier], trace, signal });

let next = 0;
const fresh = localVerifier({ issuer, audience, keys });
const coldCache = cachingVerifier(fresh, { epoch: keys.epoch, maxEntries: 1000 });

const product = { owner: 'string', visibility: 'string', archived: 'boolean' } as const;
const toRead = (to: string, conditions: object, inverted = false) => {
  return { to, action: 'read', subject: 'product', conditions, inverted };
};
const rules = openPolicyRules(
  {
    version: 1,
    kinds: { product },
    rules: [
      toRead('anyone', { visibility: 'public', archived: false }),
      toRead('user', { visibility: 'authenticated', archived: false }),
      toRead('user', { owner: '${user}' }),
      toRead('role:curator', {}),
      toRead('user', { archived: true, owner: { $ne: '${user}' } }, true),
    ],
  },
  { product },
);
const somebody = { user: 'u_ada', roles: new Set(['buyer']) };
const decide = (principal?: typeof somebody) => {
  const attributes = { owner: 'u_eve', visibility: 'public', archived: false };
  return rules.decide({ principal, action: 'read', resource: { kind: 'product', id: '1', attributes } });
};

type Part = Readonly<{ name: string; run: () => unknown }>;
const parts: readonly Part[] = [
  { name: 'raw crypto.verify', run: () => verifyRaw(signatures[(next = (next + 1) % tokens.length)]) },
  { name: 'cold: jose jwtVerify', run: () => jwtVerify(nextToken(), known.key, { issuer, audience, typ: 'at+jwt' }) },
  { name: 'cold: local verifier', run: () => fresh.verify(nextToken()) },
  { name: 'cold: local verifier and its cache', run: () => coldCache.verify(nextToken()) },
  { name: 'warm: caching verifier', run: () => local.verify(token) },
  { name: 'openRequest, signed in', run: () => open('authenticatedRead') },
  { name: 'openRequest, nobody', run: () => open('publicRead', gates, noHeaders) },
  { name: 'openRequest and the local gate', run: () => open('authenticatedRead').standing('bearer') },
  { name: 'the same, two issuers', run: () => open('authenticatedRead', gatesOfTwo).standing('bearer') },
  { name: 'openRequest and the fresh gate', run: () => open('privilegedWrite').standing('bearer') },
  { name: 'five rules, a user', run: () => decide(somebody) },
  { name: 'five rules, a stranger', run: () => decide() },
  { name: 'procedure, no tier', run: () => createCaller({ request: open('publicRead', gates, noHeaders) }).open() },
  {
    name: 'procedure, publicRead',
    run: () => createCaller({ request: open('publicRead', gates, noHeaders) }).public(),
  },
  { name: 'procedure, authenticatedRead', run: () => createCaller({ request: open('authenticatedRead') }).read() },
  { name: 'procedure, privilegedWrite', run: () => createCaller({ request: open('privilegedWrite') }).write() },
];

function verifyRaw(signed: (typeof signatures)[number] | undefined): boolean {
  if (signed === undefined) throw new Error('no token');
  return verify('sha256', signed.input, { key: keyObject, dsaEncoding: 'ieee-p1363' }, signed.signature);
}

function nextToken(): BearerToken {
  next = (next + 1) % tokens.length;
  return tokens[next] ?? bearer('');
}

async function microseconds({ run }: Part, forMs: number): Promise<number> {
  const from = performance.now();
  let count = 0;
  while (performance.now() - from < forMs) {
    for (let turn = 0; turn < 20; turn += 1) {
      const done = run();
      if (done instanceof Promise) await done;
    }
    count += 20;
  }
  return ((performance.now() - from) * 1000) / count;
}

const wanted = parts.filter(({ name }) => name.includes(process.argv[2] ?? ''));
const rounds = Number(process.argv[3] ?? 9);
const found = new Map<string, number[]>(wanted.map(({ name }) => [name, []]));
for (let round = -2; round < rounds; round += 1) {
  for (const part of wanted) {
    const took = await microseconds(part, 150);
    if (round >= 0) found.get(part.name)?.push(took);
    await setImmediate();
  }
}
for (const [name, times] of found) {
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(2);
  console.log(`${name.padEnd(36)} ${at(0.5).padStart(9)} µs  (${at(0.25)} to ${at(0.75)})`);
}
gates.close();
gatesOfTwo.close();
revocations.close();
