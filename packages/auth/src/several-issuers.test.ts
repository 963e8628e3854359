import { initTRPC } from '@trpc/server';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { localVerifier } from './local-verifier.ts';
import { openRequest } from './request-context.ts';
import { followRevocations } from './revocation-feed.ts';
import type { Revocation } from './revocations.ts';
import { heldClock, testAuthority, testGates, type TestAuthority, type TestGates } from './testing.ts';
import { virtualTime } from './testing/virtual-time.ts';
import type { OpaqueTokenVerifier, TokenVerifier } from './token-verifier.ts';
import { denialAnswerOf, sealRouter, trustTiers, type TrustContext, type TrustMeta } from './trpc.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';

const t = initTRPC.context<TrustContext>().meta<TrustMeta>().create();
const trust = trustTiers(t.procedure);
const router = t.router({
  publicRead: trust.publicRead().query(({ ctx }) => ctx.principal?.user ?? 'nobody'),
  authenticatedRead: trust.authenticatedRead({ scope: 's' }).query(({ ctx }) => named(ctx.principal)),
  standardWrite: trust.standardWrite({ scope: 's' }).query(({ ctx }) => named(ctx.principal)),
  privilegedWrite: trust.privilegedWrite({ scope: 's' }).query(({ ctx }) => named(ctx.principal)),
  regulatedAction: trust
    .regulatedAction({ scope: 's', mfaWithinSeconds: 300 })
    .query(({ ctx }) => named(ctx.principal)),
  service: trust.authenticatedRead({ scope: 's', from: 'service' }).query(({ ctx }) => ctx.principal.service),
  carried: trust.authenticatedRead({ scope: 's', from: 'transaction' }).query(({ ctx }) => named(ctx.principal)),
});
const { tiers } = sealRouter(router);
const createCaller = t.createCallerFactory(router);
type Path = keyof typeof router._def.procedures;
type Headers = Readonly<Record<string, string>>;

function named({ evidence, user }: { evidence: string; user: string }): string {
  return `${evidence} ${user}`;
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const clock = heldClock();
const house = await testAuthority(clock);
const partner = await testAuthority(clock, 'https://partner.test');

function partnerVerifier(): TokenVerifier {
  const { issuer, keys } = partner;
  return localVerifier({ issuer, audience: 'catalog', keys, clock, sessionClaims: 'optional', acr: {} });
}

/** The house, and a partner as the test says. */
async function open(change: Partial<TrustedIssuer>): Promise<TestGates> {
  const gates = await testGates(house, 'catalog', [
    {
      issuer: partner.issuer,
      name: 'partner',
      local: partnerVerifier(),
      revocations: { feed: 'none', believeForSeconds: 60 },
      ...change,
    },
  ]);
  closing.push(gates.revocations.close, gates.gates.close);
  return gates;
}

async function call({ gates }: TestGates, path: Path, headers: Headers): Promise<string> {
  const request = openRequest({
    gates,
    clock,
    headers: (name) => (headers[name] === undefined ? [] : [headers[name]]),
    tiers: [tiers.get(path) ?? 'publicRead'],
  });
  try {
    return await createCaller({ request })[path]();
  } catch (error) {
    const answer = error instanceof Error ? denialAnswerOf(error) : undefined;
    if (answer === undefined) throw error;
    return answer.reason;
  }
}

function bearer(token: string): Headers {
  return { Authorization: `Bearer ${token}`, 'Idempotency-Key': 'k' };
}

const token = { audience: 'catalog', scope: 's' };
const signedIn = async (issuer: TestAuthority, claims: Readonly<Record<string, unknown>> = {}) =>
  bearer(await issuer.userToken({ ...token, claims }));

describe('whose token it is', () => {
  test('the same sub at two issuers is two users, though their keys have the same kid', async () => {
    const gates = await open({});
    expect(await call(gates, 'authenticatedRead', await signedIn(house))).toBe('local u_ada');
    expect(await call(gates, 'authenticatedRead', await signedIn(partner))).toBe('degraded partner:u_ada');
  });

  test("a token of one issuer that another's key signed is refused, whichever way round (JWT-09)", async () => {
    const gates = await open({});
    for (const [signer, iss] of [
      [house, partner.issuer],
      [partner, house.issuer],
    ] as const) {
      expect(await call(gates, 'authenticatedRead', await signedIn(signer, { iss }))).toBe('invalid_token');
    }
  });

  test.each<[string, (iss: string) => unknown]>([
    ['with a slash', (iss) => `${iss}/`],
    ['in capitals', (iss) => iss.toUpperCase()],
    ['over http', (iss) => iss.replace('https', 'http')],
    ['in a list', (iss) => [iss]],
    ['as a number', () => 7],
    ['missing', () => undefined],
    ['of nobody we know', () => 'https://elsewhere.test'],
    ['that is a member of every object', () => '__proto__'],
  ])('an iss %s is nobody (ATP-05)', async (_name, change) => {
    const gates = await open({});
    const headers = await signedIn(partner, { iss: change(partner.issuer) });
    expect(await call(gates, 'authenticatedRead', headers)).toBe('invalid_token');
  });

  test('a token with two iss is refused, in either order', async () => {
    const gates = await open({});
    const claims = Buffer.from((await partner.userToken(token)).split('.')[1] ?? '', 'base64url').toString();
    const other = JSON.stringify({ iss: house.issuer }).slice(1, -1);
    for (const text of [claims.replace('{', `{${other},`), claims.replace(/\}$/, `,${other}}`)]) {
      expect(await call(gates, 'authenticatedRead', bearer(await partner.tokenOfText(text)))).toBe('invalid_token');
    }
  });

  test("a foreign service is another service than the house's of the same name, and carries no user of the house", async () => {
    const gates = await open({});
    const payments = { client: 'payments', ...token };
    const ours = bearer(await house.serviceToken(payments));
    const theirs = bearer(await partner.serviceToken(payments));
    const carried = { 'Txn-Token': await house.transactionToken({ scope: 's', service: 'payments' }) };
    expect(await call(gates, 'service', ours)).toBe('payments');
    expect(await call(gates, 'service', theirs)).toBe('partner:payments');
    expect(await call(gates, 'carried', { ...ours, ...carried })).toBe('propagated u_ada');
    expect(await call(gates, 'carried', { ...theirs, ...carried })).toBe('invalid_token');
  });

  test("a partner's transaction token is worth nothing", async () => {
    const gates = await open({});
    const carried = { 'Txn-Token': await partner.transactionToken({ scope: 's', service: 'payments' }) };
    for (const issuer of [house, partner]) {
      const service = bearer(await issuer.serviceToken({ client: 'payments', ...token }));
      expect(await call(gates, 'carried', { ...service, ...carried })).toBe('invalid_token');
    }
  });
});

describe('revocations', () => {
  const names: Revocation[] = [
    { kind: 'session', session: '1.test' },
    { kind: 'subject', subject: 'u_ada', upToSerial: 9 },
    { kind: 'client', client: 'web', upToSerial: 9 },
    { kind: 'everyone', upToSerial: 9 },
    { kind: 'key', keyId: 'key-1' },
    { kind: 'token', tokenId: 'same' },
  ];

  test("no revocation of one issuer touches another's tokens, though every id is the same", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.boolean(), async (revocation, isHouse) => {
        const ours = await testAuthority(clock);
        const theirs = await testAuthority(clock, 'https://partner.test');
        const followed = followRevocations(theirs.feed, { clock });
        const { issuer, keys } = theirs;
        const local = localVerifier({ issuer, audience: 'catalog', keys, clock });
        const gates = await testGates(ours, 'catalog', [{ issuer, name: 'partner', local, revocations: followed }]);
        const headers = [await signedIn(ours, { jti: 'same' }), await signedIn(theirs, { jti: 'same' })] as const;
        (isHouse ? ours : theirs).revoke(revocation);
        const [atHouse, atPartner] = [
          await call(gates, 'authenticatedRead', headers[0]),
          await call(gates, 'authenticatedRead', headers[1]),
        ];
        followed.close();
        gates.revocations.close();
        expect({ atHouse, atPartner }).toEqual({
          atHouse: isHouse ? 'invalid_token' : 'local u_ada',
          atPartner: isHouse ? 'local partner:u_ada' : 'invalid_token',
        });
      }),
      { numRuns: 40 },
    );
  });

  test("the silence of one issuer's feed is no silence of another's", async () => {
    const timers = virtualTime();
    const followed = followRevocations(partner.feed, { clock, timers });
    closing.push(followed.close);
    const gates = await open({ revocations: followed });
    house.holdFeed(true);
    clock.advance(61);
    await timers.advance(1000);
    expect(await call(gates, 'authenticatedRead', await signedIn(house))).toBe('temporarily_unavailable');
    expect(await call(gates, 'authenticatedRead', await signedIn(partner))).toBe('local partner:u_ada');
    house.holdFeed(false);
  });
});

describe('an issuer without a feed', () => {
  const paths = ['publicRead', 'authenticatedRead', 'standardWrite', 'privilegedWrite', 'regulatedAction'] as const;

  /** The partner's fresh gate, whose issuer says what the test says. */
  function asked(answer: 'yes' | 'no' | 'nothing'): TokenVerifier & { questions: number } {
    const inner = partnerVerifier();
    const verifier = {
      maxLifetimeSeconds: 600,
      questions: 0,
      verify: async (text: Parameters<TokenVerifier['verify']>[0]) => {
        const verification = await inner.verify(text);
        if (verification.outcome !== 'verified') return verification;
        verifier.questions += 1;
        if (answer === 'nothing') return { outcome: 'unknown', reason: 'authority_unreachable' } as const;
        if (answer === 'no') return { outcome: 'refused', reason: 'revoked', token: verification.token } as const;
        return { ...verification, session: { answeredAt: clock.epochSeconds() } };
      },
    };
    return verifier;
  }

  async function outcomes(fresh: TokenVerifier | undefined, ageSeconds: number): Promise<Record<string, string>> {
    const gates = await open(fresh === undefined ? {} : { fresh });
    const headers = await signedIn(partner, { iat: clock.epochSeconds() - ageSeconds });
    const answers: Record<string, string> = {};
    for (const path of paths) answers[path] = await call(gates, path, headers);
    return answers;
  }

  test('that can be asked: reads believe a young token, everything else asks', async () => {
    expect(await outcomes(asked('yes'), 60)).toEqual({
      publicRead: 'partner:u_ada',
      authenticatedRead: 'degraded partner:u_ada',
      standardWrite: 'fresh partner:u_ada',
      privilegedWrite: 'fresh partner:u_ada',
      regulatedAction: 'insufficient_user_authentication',
    });
  });

  test('whose fresh gate cannot say that it asked: what must be asked is an outage', async () => {
    expect(await outcomes(partnerVerifier(), 60)).toMatchObject({
      authenticatedRead: 'degraded partner:u_ada',
      standardWrite: 'temporarily_unavailable',
      privilegedWrite: 'temporarily_unavailable',
    });
  });

  test('that can be asked: reads with an older token ask as well', async () => {
    expect(await outcomes(asked('yes'), 61)).toEqual({
      publicRead: 'partner:u_ada',
      authenticatedRead: 'fresh partner:u_ada',
      standardWrite: 'fresh partner:u_ada',
      privilegedWrite: 'fresh partner:u_ada',
      regulatedAction: 'insufficient_user_authentication',
    });
  });

  test('that does not answer: an outage, never a bad credential, and nobody in particular on public reads', async () => {
    expect(await outcomes(asked('nothing'), 61)).toEqual({
      publicRead: 'nobody',
      authenticatedRead: 'temporarily_unavailable',
      standardWrite: 'temporarily_unavailable',
      privilegedWrite: 'temporarily_unavailable',
      regulatedAction: 'temporarily_unavailable',
    });
  });

  test('that cannot be asked: reads believe a young token, everything else is not for its users', async () => {
    expect(await outcomes(undefined, 60)).toEqual({
      publicRead: 'partner:u_ada',
      authenticatedRead: 'degraded partner:u_ada',
      standardWrite: 'access_denied',
      privilegedWrite: 'access_denied',
      regulatedAction: 'access_denied',
    });
  });

  test('that cannot be asked: an older token has to be renewed', async () => {
    expect(await outcomes(undefined, 61)).toMatchObject({
      publicRead: 'invalid_token',
      authenticatedRead: 'invalid_token',
    });
  });

  test('that cannot be asked: a bad token is a bad token before anything else', async () => {
    const gates = await open({});
    expect(await call(gates, 'privilegedWrite', await signedIn(partner, { aud: 'payments' }))).toBe('invalid_token');
  });

  test('a token that it once called revoked is refused by its reads too, and only that one', async () => {
    const gates = await open({ fresh: asked('no') });
    const [one, other] = [await signedIn(partner), await signedIn(partner)];
    expect(await call(gates, 'authenticatedRead', one)).toBe('degraded partner:u_ada');
    expect(await call(gates, 'standardWrite', one)).toBe('invalid_token');
    expect(await call(gates, 'authenticatedRead', one)).toBe('invalid_token');
    expect(await call(gates, 'authenticatedRead', other)).toBe('degraded partner:u_ada');
  });

  test('the feed of the house means nothing to it', async () => {
    const gates = await open({ fresh: asked('yes') });
    house.holdFeed(true);
    clock.advance(61);
    expect(await call(gates, 'authenticatedRead', await signedIn(partner))).toBe('degraded partner:u_ada');
    house.holdFeed(false);
  });
});

describe('opaque tokens', () => {
  const opaque: OpaqueTokenVerifier = {
    verify: async (text) => {
      if (text !== 'good') return { outcome: 'refused', reason: 'revoked' };
      const verification = {
        outcome: 'verified',
        checkedAtMs: 0,
        session: { answeredAt: clock.epochSeconds() },
        token: {
          kind: 'user',
          issuer: partner.issuer,
          audience: 'catalog',
          subject: 'u_ada',
          client: 'web',
          scope: new Set(['s']),
          roles: new Set<string>(),
          tokenId: 't',
          keyId: '',
          issuedAt: 1,
          expiresAt: clock.epochSeconds() + 60,
        },
      } as const;
      return verification;
    },
  };

  test('are asked about at every tier', async () => {
    const gates = await open({ opaque });
    expect(await call(gates, 'publicRead', bearer('good'))).toBe('partner:u_ada');
    expect(await call(gates, 'authenticatedRead', bearer('good'))).toBe('fresh partner:u_ada');
    expect(await call(gates, 'privilegedWrite', bearer('good'))).toBe('fresh partner:u_ada');
    expect(await call(gates, 'authenticatedRead', bearer('bad'))).toBe('invalid_token');
  });

  test('are malformed tokens where no issuer has any', async () => {
    const gates = await open({});
    expect(await call(gates, 'authenticatedRead', bearer('good'))).toBe('invalid_token');
    expect(await call(gates, 'authenticatedRead', bearer('ключ'))).toBe('invalid_token');
    expect(gates.decisions.map(({ outcome }) => outcome)).toEqual(['token_malformed', 'token_malformed']);
  });

  test('of an issuer without keys are all that it has: its signed tokens are refused', async () => {
    const { issuer } = partner;
    const revocations = { feed: 'none', believeForSeconds: 60 } as const;
    const gates = await testGates(house, 'catalog', [{ issuer, name: 'partner', opaque, revocations }]);
    closing.push(gates.revocations.close);
    expect(await call(gates, 'authenticatedRead', await signedIn(partner))).toBe('invalid_token');
    expect(await call(gates, 'authenticatedRead', bearer('good'))).toBe('fresh partner:u_ada');
  });
});

test('every decision says whose subject it was', async () => {
  const gates = await open({});
  await call(gates, 'authenticatedRead', await signedIn(partner));
  await call(gates, 'authenticatedRead', await signedIn(house));
  expect(gates.decisions).toMatchObject([
    { subject: 'u_ada', issuer: 'https://partner.test', evidence: 'degraded' },
    { subject: 'u_ada', issuer: 'http://authority.test', evidence: 'local' },
  ]);
});
