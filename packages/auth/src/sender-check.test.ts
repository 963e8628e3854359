import { initTRPC, TRPCError } from '@trpc/server';
import { afterEach, expect, test } from 'vitest';
import type { GateOptions } from './gates.ts';
import { cachingVerifier, localVerifier, openGates, openRequest, type Sender } from './index.ts';
import { heldClock, testAuthority, testGates, testSender } from './testing.ts';
import { denialAnswerOf, trustTiers, type TrustContext, type TrustMeta } from './trpc.ts';
import type { TrustTier } from './trust-tier.ts';

const t = initTRPC.context<TrustContext>().meta<TrustMeta>().create();
const trust = trustTiers(t.procedure);
const createCaller = t.createCallerFactory(
  t.router({
    publicRead: trust.publicRead().query(({ ctx }) => ctx.principal?.evidence ?? 'anonymous'),
    authenticatedRead: trust.authenticatedRead({ scope: 's' }).query(({ ctx }) => ctx.principal.evidence),
    privilegedWrite: trust.privilegedWrite({ scope: 's' }).query(({ ctx }) => ctx.principal.evidence),
  }),
);

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function open(options: Partial<GateOptions> = {}) {
  const clock = heldClock();
  const authority = await testAuthority(clock);
  const { gates: standard, revocations } = await testGates(authority, 'catalog');
  closing.push(revocations.close);
  const { issuer, keys } = authority;
  const local = cachingVerifier(localVerifier({ issuer, audience: 'catalog', keys, clock }), {
    clock,
    epoch: keys.epoch,
    keep: 'each',
  });
  const gates =
    Object.keys(options).length === 0
      ? standard
      : openGates({ issuers: [{ issuer, local, revocations }], clock, ...options });
  const sender = await testSender(clock);
  const tokenFor = (cnf?: object) =>
    authority.userToken({ audience: 'catalog', scope: 's', ...(cnf && { claims: { cnf } }) });
  return {
    authority,
    clock,
    gates,
    sender,
    tokenFor,
    bound: await tokenFor({ jkt: sender.keyThumbprint }),
    plain: await tokenFor(),
  };
}

type Opened = Awaited<ReturnType<typeof open>>;
const method = 'POST';
const url = 'https://catalog.example/trpc/x';
const here: Sender = { method, url };
type Sent = Readonly<{
  authorization: string;
  proofs?: readonly string[];
  sender?: Sender | undefined;
  tier?: TrustTier;
}>;

function caller({ gates }: Opened, { authorization, proofs = [], tier = 'authenticatedRead', ...rest }: Sent) {
  const headers = new Map<string, readonly string[]>([
    ['Authorization', [authorization]],
    ['DPoP', proofs],
  ]);
  const sender = 'sender' in rest ? rest.sender : here;
  return createCaller({
    request: openRequest({
      gates,
      clock: gates.clock,
      headers: (name) => headers.get(name) ?? [],
      tiers: [tier],
      ...(sender && { sender }),
    }),
  });
}

const refusal = (error: unknown) => {
  const answer = error instanceof TRPCError ? denialAnswerOf(error) : undefined;
  if (answer === undefined) throw error;
  return answer;
};

/** What the caller hears: the evidence that it was admitted on, or the public word of the refusal. */
const hear = (at: Opened, sent: Sent): Promise<string> =>
  call(at, sent).catch((error: unknown) => refusal(error).reason);

function call(at: Opened, sent: Sent): Promise<string> {
  const procedures = caller(at, sent);
  return sent.tier === 'privilegedWrite' ? procedures.privilegedWrite() : procedures.authenticatedRead();
}

const invalidToken = {
  status: 401,
  reason: 'invalid_token',
  message: 'The token is not accepted here.',
};

test('a bound token is taken with a proof by its key, at both gates, and one proof serves all calls of a request', async () => {
  const at = await open();
  const prove = () => at.sender.prove({ method, url, token: at.bound });
  const authorization = `DPoP ${at.bound}`;
  expect(await hear(at, { authorization, proofs: [await prove()] })).toBe('local');
  expect(await hear(at, { authorization, proofs: [await prove()], tier: 'privilegedWrite' })).toBe('fresh');
  const batch = caller(at, { authorization, proofs: [await prove()] });
  expect(await Promise.all([batch.authenticatedRead(), batch.authenticatedRead(), batch.publicRead()])).toEqual([
    'local',
    'local',
    'local',
  ]);
});

test('a bound token that comes as a plain bearer token is refused, also when the cache knows it (DPP-02)', async () => {
  const at = await open();
  const proofs = async () => [await at.sender.prove({ method, url, token: at.bound })];
  for (const tier of ['authenticatedRead', 'privilegedWrite'] as const) {
    expect(await hear(at, { authorization: `Bearer ${at.bound}`, tier })).toBe('invalid_token');
    // Now it is in the cache.
    expect(await hear(at, { authorization: `DPoP ${at.bound}`, proofs: await proofs(), tier })).not.toBe(
      'invalid_token',
    );
    expect(await hear(at, { authorization: `Bearer ${at.bound}`, tier })).toBe('invalid_token');
    // Not even with a proof beside it.
    expect(await hear(at, { authorization: `Bearer ${at.bound}`, proofs: await proofs(), tier })).toBe('invalid_token');
  }
  const error = await caller(at, { authorization: `Bearer ${at.bound}` })
    .authenticatedRead()
    .catch(refusal);
  expect(error).toEqual({ ...invalidToken, wwwAuthenticate: 'Bearer realm="sallyport", error="invalid_token"' });
});

test('a bearer token gains nothing from the scheme of bound ones (DPP-02)', async () => {
  const at = await open();
  const proofs = [await at.sender.prove({ method, url, token: at.plain })];
  expect(await hear(at, { authorization: `DPoP ${at.plain}`, proofs })).toBe('invalid_token');
  expect(await hear(at, { authorization: `Bearer ${at.plain}` })).toBe('local');
});

test('a bound token that somebody else replays, with a key of their own or the proof they saw, is refused (OSB-06, DPP-03)', async () => {
  const at = await open();
  const thief = await testSender(at.clock);
  const authorization = `DPoP ${at.bound}`;
  const seen = await at.sender.prove({ method, url, token: at.bound });
  expect(await hear(at, { authorization, proofs: [seen] })).toBe('local');
  expect(await hear(at, { authorization, proofs: [seen] })).toBe('invalid_dpop_proof');
  const own = await thief.prove({ method, url, token: at.bound });
  expect(
    await caller(at, { authorization, proofs: [own] })
      .authenticatedRead()
      .catch(refusal),
  ).toEqual({
    ...invalidToken,
    wwwAuthenticate: 'DPoP realm="sallyport", error="invalid_token", algs="ES256 Ed25519 EdDSA"',
  });
  const elsewhere = await at.sender.prove({ method, url: 'https://evil.example/x', token: at.bound });
  expect(await hear(at, { authorization, proofs: [elsewhere] })).toBe('invalid_dpop_proof');
});

test('every bad proof is answered alike; a good one without the right nonce is told one (DPP-01, DPP-05)', async () => {
  const at = await open();
  const authorization = `DPoP ${at.bound}`;
  const ask = (proofs: readonly string[]) => caller(at, { authorization, proofs }).authenticatedRead().catch(refusal);
  const bad = [
    [],
    ['nonsense'],
    [await at.sender.prove({ method, url })],
    [await at.sender.prove({ method: 'GET', url, token: at.bound })],
  ];
  for (const proofs of bad) {
    expect(await ask(proofs)).toEqual({
      status: 401,
      reason: 'invalid_dpop_proof',
      message: 'The proof of possession is not accepted here.',
      wwwAuthenticate: 'DPoP realm="sallyport", error="invalid_dpop_proof", algs="ES256 Ed25519 EdDSA"',
    });
  }
  const claims = { iat: at.clock.epochSeconds() - 3600 };
  const answer = await ask([await at.sender.prove({ method, url, token: at.bound, claims })]);
  if (typeof answer === 'string' || answer.proofNonce === undefined) throw new Error('no nonce');
  expect(answer).toMatchObject({
    status: 401,
    reason: 'use_dpop_nonce',
    wwwAuthenticate: 'DPoP realm="sallyport", error="use_dpop_nonce", algs="ES256 Ed25519 EdDSA"',
  });
  const again = { method, url, token: at.bound, claims, nonce: answer.proofNonce };
  expect(await ask([await at.sender.prove(again)])).toBe('local');
});

test('at a tier that asks for it no bearer token is taken, at the others it is', async () => {
  const at = await open({ senderConstrainedTiers: ['authenticatedRead'] });
  const answer = await caller(at, { authorization: `Bearer ${at.plain}` })
    .authenticatedRead()
    .catch(refusal);
  expect(answer).toEqual({
    ...invalidToken,
    wwwAuthenticate: 'DPoP realm="sallyport", error="invalid_token", algs="ES256 Ed25519 EdDSA"',
  });
  const proofs = [await at.sender.prove({ method, url, token: at.bound })];
  expect(await hear(at, { authorization: `DPoP ${at.bound}`, proofs })).toBe('local');
  const other = await open({ senderConstrainedTiers: ['regulatedAction', 'privilegedWrite'] });
  expect(await hear(other, { authorization: `Bearer ${other.plain}` })).toBe('local');
  // A batch is decided by its strictest tier.
  expect(await hear(other, { authorization: `Bearer ${other.plain}`, tier: 'privilegedWrite' })).not.toBe('local');
});

test('a token that is bound to a certificate is taken on that connection alone, and one that is bound to both needs both', async () => {
  const at = await open();
  const [own, others] = ['o', 'x'].map((letter) => `${letter.repeat(42)}A`);
  const byCertificate = await at.tokenFor({ 'x5t#S256': own });
  const on = (certificateThumbprint: string | undefined) => ({
    ...here,
    ...(certificateThumbprint && { certificateThumbprint }),
  });
  const authorization = `Bearer ${byCertificate}`;
  expect(await hear(at, { authorization, sender: on(own) })).toBe('local');
  expect(await hear(at, { authorization, sender: on(others) })).toBe('invalid_token');
  expect(await hear(at, { authorization, sender: on(undefined) })).toBe('invalid_token');
  expect(await hear(at, { authorization, sender: undefined })).toBe('invalid_token');
  expect(await hear(at, { authorization: `DPoP ${byCertificate}`, sender: on(own) })).toBe('invalid_token');
  const byBoth = await at.tokenFor({ 'x5t#S256': own, jkt: at.sender.keyThumbprint });
  const proofs = async () => [await at.sender.prove({ method, url, token: byBoth })];
  expect(await hear(at, { authorization: `DPoP ${byBoth}`, proofs: await proofs(), sender: on(own) })).toBe('local');
  expect(await hear(at, { authorization: `DPoP ${byBoth}`, proofs: await proofs(), sender: on(others) })).toBe(
    'invalid_token',
  );
  expect(await hear(at, { authorization: `Bearer ${byBoth}`, sender: on(own) })).toBe('invalid_token');
});

test('a binding that cannot be checked here is never taken for none', async () => {
  const at = await open();
  const digest = 'A'.repeat(43);
  for (const cnf of [
    {},
    { jwk: at.sender.jwk },
    { jkt: 'short' },
    { jkt: `${digest}=` },
    { jkt: digest, kid: 'k' },
    [],
    'x',
    null,
  ]) {
    const token = await at.authority.userToken({ audience: 'catalog', scope: 's', claims: { cnf } });
    const proofs = [await at.sender.prove({ method, url, token })];
    expect(await hear(at, { authorization: `DPoP ${token}`, proofs })).toBe('invalid_token');
    expect(await hear(at, { authorization: `Bearer ${token}` })).toBe('invalid_token');
  }
});

test('without anybody to say how the request came, no bound token is taken', async () => {
  const at = await open();
  const proofs = [await at.sender.prove({ method, url, token: at.bound })];
  expect(await hear(at, { authorization: `DPoP ${at.bound}`, proofs, sender: undefined })).toBe('invalid_token');
});

test('while nobody can say whether a proof was used, the answer is 503', async () => {
  const { proofVerifier } = await import('./index.ts');
  const replays = { use: () => Promise.reject(new Error('gone')) };
  const at = await open({ proofs: proofVerifier({ clock: heldClock(), replays }) });
  const proofs = [await at.sender.prove({ method, url, token: at.bound })];
  expect(await hear(at, { authorization: `DPoP ${at.bound}`, proofs })).toBe('temporarily_unavailable');
});
