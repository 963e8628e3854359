import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  backgroundConfirmation,
  type ConfirmationCounts,
  type ConfirmationOptions,
  type LocalDecision,
  type StaleAllow,
} from './background-confirmation.ts';
import { followRevocations } from './revocation-feed.ts';
import { testAuthority, virtualTime } from './testing.ts';
import type { VerifiedToken } from './token-verifier.ts';

const none: ConfirmationCounts = {
  sampled: 0,
  confirmed: 0,
  staleAllows: 0,
  beyondBound: 0,
  unanswered: 0,
  dropped: 0,
};

/** A service that follows a feed and looks again at everything it lets in, unless it is told to look at less. */
async function open(options: Partial<ConfirmationOptions> = {}, asked: 'each' | 'together' = 'each') {
  const time = virtualTime();
  const authority = await testAuthority(time);
  const revocations = followRevocations(authority.feed, { clock: time, timers: time, random: () => 0 });
  await time.advance(2000);
  const found: StaleAllow[] = [];
  const told: ConfirmationCounts[] = [];
  const distrusted: string[] = [];
  const confirmation = backgroundConfirmation({
    ask: authority.introspect,
    revocations: {
      ...revocations,
      distrust: (reason) => {
        distrusted.push(reason);
        revocations.distrust(reason);
      },
    },
    ...(options.random === undefined && { share: 1 }),
    ...(asked === 'each' && { gatherForMs: 0 }),
    clock: time,
    timers: time,
    onStaleAllow: (finding) => void found.push(finding),
    onCounts: (counts) => void told.push(counts),
    ...options,
  });
  let made = 0;
  const token = (session = '1.test', changes: Partial<VerifiedToken> = {}): VerifiedToken => ({
    kind: 'user',
    issuer: authority.issuer,
    subject: 'u_ada',
    client: 'web',
    audience: 'catalog',
    scope: new Set(),
    roles: new Set(),
    tokenId: `t${(made += 1)}`,
    keyId: 'k',
    issuedAt: time.epochSeconds(),
    expiresAt: time.epochSeconds() + 300,
    session,
    ...changes,
  });
  /** The local gate lets somebody in: it has not heard of anything against the token. */
  const admit = (admitted: VerifiedToken, evidence: LocalDecision['evidence'] = 'local'): void => {
    expect(revocations.isRevoked(admitted)).toBe(false);
    confirmation.consider({ tier: 'authenticatedRead', evidence, token: admitted });
  };
  const counts = () => confirmation.counts();
  return { time, authority, revocations, confirmation, token, admit, found, told, distrusted, counts };
}

describe('what is looked at', () => {
  test('nothing is asked while the request is still served, and consider returns before anything is known', async () => {
    const { admit, token, authority, time, counts } = await open();
    const before = authority.questionsAsked();
    admit(token());
    expect(authority.questionsAsked()).toBe(before);
    expect(counts()).toEqual({ ...none, sampled: 1 });
    await time.advance(1);
    expect(counts()).toEqual({ ...none, sampled: 1, confirmed: 1 });
  });

  test.each<[string, ConfirmationOptions['ask']]>([
    ['rejects', () => Promise.reject(new Error('down'))],
    [
      'throws',
      () => {
        throw new Error('down');
      },
    ],
  ])('an authority that %s is counted, and reaches nobody', async (_name, ask) => {
    const { admit, token, time, counts } = await open({ ask });
    admit(token());
    await time.advance(1);
    expect(counts()).toEqual({ ...none, sampled: 1, unanswered: 1 });
  });

  test('the share is chosen by chance: one in a hundred by default, all, or none', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const draws = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 50 });
    fc.assert(
      fc.property(fc.option(share, { nil: undefined }), draws, (chosenShare, drawn) => {
        const time = virtualTime();
        const left = [...drawn];
        const confirmation = backgroundConfirmation({
          ask: () => new Promise(() => {}),
          revocations: { silenceMs: () => 0, hasTold: () => false, learn: () => {}, distrust: () => {} },
          ...(chosenShare !== undefined && { share: chosenShare }),
          maxPerSecond: Infinity,
          clock: time,
          timers: time,
          random: () => left.shift() ?? 1,
        });
        for (const _ of drawn) confirmation.consider({ tier: 'authenticatedRead', evidence: 'local', token: anyToken });
        expect(confirmation.counts().sampled).toBe(drawn.filter((draw) => draw < (chosenShare ?? 0.01)).length);
      }),
    );
  });

  test.each([
    [undefined, 0.0099, 1],
    [undefined, 0.01, 0],
    [0, 0, 0],
    [1, 0.9999, 1],
  ])('of the share %s, a draw of %d chooses %d', async (share, draw, chosen) => {
    const { admit, token, counts } = await open({ ...(share !== undefined && { share }), random: () => draw });
    admit(token());
    expect(counts().sampled).toBe(chosen);
  });

  test.each([0, 0.5, -1, Number.NaN])('%d a second do not start', (maxPerSecond) => {
    const parts = { ask: () => new Promise<never>(() => {}), maxPerSecond };
    const revocations = { silenceMs: () => 0, hasTold: () => false, learn: () => {}, distrust: () => {} };
    expect(() => backgroundConfirmation({ ...parts, revocations })).toThrow('use 1 or more, or a share of 0 for none');
  });

  test.each([-0.1, 1.1, Number.NaN])('a share of %d does not start', (share) => {
    const parts = { ask: () => new Promise<never>(() => {}), share };
    const revocations = { silenceMs: () => 0, hasTold: () => false, learn: () => {}, distrust: () => {} };
    expect(() => backgroundConfirmation({ ...parts, revocations })).toThrow('use 0 to 1');
  });

  test('at most ten a second are chosen, whatever comes; the others are counted', async () => {
    const { admit, token, time, counts } = await open();
    for (let n = 0; n < 25; n += 1) admit(token());
    expect(counts()).toEqual({ ...none, sampled: 10, dropped: 15 });
    await time.advance(999);
    admit(token());
    expect(counts()).toMatchObject({ sampled: 10, dropped: 16 });
    await time.advance(1);
    admit(token());
    expect(counts()).toMatchObject({ sampled: 11, dropped: 16 });
    for (let ms = 1; ms < 1000; ms += 1) {
      await time.advance(1);
      admit(token());
    }
    expect(counts()).toMatchObject({ sampled: 20, dropped: 1006 });
    // What was not used is not saved up.
    await time.advance(3600_000);
    for (let n = 0; n < 25; n += 1) admit(token());
    expect(counts()).toMatchObject({ sampled: 30, dropped: 1021 });
  });

  test('those chosen within a quarter of a second are asked about in one call, each by its own identifiers', async () => {
    const ask = vi.fn<ConfirmationOptions['ask']>(async (questions) => questions.map(() => ({ active: false })));
    const { admit, token, time } = await open({ ask }, 'together');
    const first = token('1.a');
    const second = token('2.b', { subject: 'u_grace', client: 'cli' });
    admit(first);
    await time.advance(249);
    admit(second);
    expect(ask).not.toHaveBeenCalled();
    await time.advance(1);
    const named = [first, second].map(({ tokenId, session, subject, client }) => ({
      tokenId,
      session,
      subject,
      client,
    }));
    expect(ask.mock.calls.map(([questions]) => questions)).toEqual([named]);
    admit(token('3.c'));
    await time.advance(250);
    expect(ask.mock.calls.map(([questions]) => questions.length)).toEqual([2, 1]);
  });

  test('no call has more questions than the authority takes', async () => {
    const ask = vi.fn<ConfirmationOptions['ask']>(async (questions) => questions.map(() => ({ active: false })));
    const { admit, token, time } = await open({ ask, maxPerSecond: Infinity, maxOpen: 300 });
    for (let n = 0; n < 300; n += 1) admit(token());
    await time.advance(1);
    expect(ask.mock.calls.map(([questions]) => questions.length)).toEqual([128, 128, 44]);
  });

  test.each<[string, unknown]>([
    ['one answer too few', [{ active: false }]],
    ['one too many', [{ active: false }, { active: false }, { active: false }]],
    ['words of its own', [{ active: 'no' }, {}]],
    ['holes', [null, undefined]],
    ['no list', { active: false }],
    ['nothing', undefined],
  ])('%s is no answer to anybody, and nobody is refused for it', async (_name, answered) => {
    const ask = async () => answered as [];
    const { admit, token, time, revocations, distrusted, counts } = await open({ ask });
    const admitted = [token('1.a'), token('2.b')];
    for (const each of admitted) admit(each);
    await time.advance(5000);
    expect(counts()).toEqual({ ...none, sampled: 2, unanswered: 2 });
    expect(admitted.map(revocations.isRevoked)).toEqual([false, false]);
    expect(distrusted).toEqual([]);
  });

  test('at most a hundred are open: an authority that hangs fills no memory', async () => {
    const { admit, token, time, counts } = await open({ ask: () => new Promise(() => {}), maxPerSecond: Infinity });
    for (let n = 0; n < 500; n += 1) admit(token());
    await time.advance(1000);
    for (let n = 0; n < 500; n += 1) admit(token());
    expect(counts()).toEqual({ ...none, sampled: 100, dropped: 900 });
  });

  test('an authority that says nothing for a second has not answered, and is told to stop', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const signals: AbortSignal[] = [];
    const ask: ConfirmationOptions['ask'] = (_questions, signal) => {
      signals.push(signal);
      return new Promise(() => {});
    };
    const { admit, token, time, counts } = await open({ ask });
    admit(token());
    await time.advance(1);
    await vi.advanceTimersByTimeAsync(999);
    expect([counts().unanswered, signals.map(({ aborted }) => aborted)]).toEqual([0, [false]]);
    await vi.advanceTimersByTimeAsync(1);
    expect([counts().unanswered, signals.map(({ aborted }) => aborted)]).toEqual([1, [true]]);
  });

  test('one that is settled makes room for the next, and counts that were handed out stay as they were', async () => {
    const { admit, token, time, counts } = await open({ maxOpen: 1 });
    for (let n = 0; n < 50; n += 1) {
      admit(token());
      await time.advance(200);
    }
    const then = counts();
    expect(then).toEqual({ ...none, sampled: 50, confirmed: 50 });
    admit(token());
    expect(then.sampled).toBe(50);
  });

  test('services, and users of no session, are not looked at', async () => {
    const { admit, token, counts, time } = await open();
    admit(token('1.a', { kind: 'service' }));
    const { session: _, ...withoutSession } = token();
    admit(withoutSession);
    await time.advance(10);
    expect(counts()).toEqual(none);
  });

  test('after closing nothing is asked, nothing accused, and the counts are told once more', async () => {
    const { admit, token, authority, time, confirmation, told, distrusted, counts } = await open();
    const asked = token();
    admit(asked);
    authority.revokeUntold({ kind: 'session', session: '1.test' });
    await time.advance(1);
    admit(token('2.other'));
    admit(token('3.other'));
    const before = authority.questionsAsked();
    confirmation.close();
    await time.advance(60_000);
    expect(authority.questionsAsked()).toBe(before);
    expect(distrusted).toEqual([]);
    expect(told).toEqual([counts()]);
  });
});

const anyToken: VerifiedToken = {
  kind: 'user',
  issuer: 'i',
  subject: 'u',
  client: 'c',
  audience: 'a',
  scope: new Set(),
  roles: new Set(),
  tokenId: 't',
  keyId: 'k',
  issuedAt: 0,
  expiresAt: 9e9,
  session: '1.a',
};

describe('a decision that the authority would not have taken', () => {
  test('is no fault when the feed says so by itself: a stale allow, within the bound', async () => {
    const { admit, token, authority, time, found, distrusted, counts } = await open();
    authority.holdFeed(true);
    authority.revoke({ kind: 'session', session: '1.test' });
    admit(token());
    await time.advance(700);
    authority.holdFeed(false);
    await time.advance(1000);
    expect(counts()).toEqual({ ...none, sampled: 1, staleAllows: 1 });
    expect(found).toMatchObject([{ finding: 'stale allow', tier: 'authenticatedRead', subject: 'u_ada' }]);
    expect(distrusted).toEqual([]);
  });

  test('is no fault when it was revoked between the decision and the question: the feed says so as well', async () => {
    const { admit, token, authority, time, found, distrusted, counts } = await open({}, 'together');
    admit(token());
    authority.revoke({ kind: 'session', session: '1.test' });
    await time.advance(5000);
    expect(counts()).toEqual({ ...none, sampled: 1, staleAllows: 1 });
    expect(found.map(({ answeredAfterMs }) => answeredAfterMs)).toEqual([250]);
    expect(distrusted).toEqual([]);
  });

  test('is learnt at once, before the feed says anything', async () => {
    const { admit, token, authority, time, revocations } = await open();
    authority.holdFeed(true);
    authority.revoke({ kind: 'session', session: '1.test' });
    const admitted = token();
    admit(admitted);
    await time.advance(1);
    expect(revocations.isRevoked(admitted)).toBe(true);
    expect(revocations.hasTold(admitted)).toBe(false);
  });

  test('that the complete feed does not know is beyond the bound: the feed is distrusted within the tier’s 5 s', async () => {
    const { admit, token, authority, time, found, distrusted, counts, revocations } = await open({}, 'together');
    authority.revokeUntold({ kind: 'session', session: '1.test' });
    admit(token());
    await time.advance(250);
    expect(distrusted).toEqual([]);
    // Whatever happens to the feed next, the service must have demoted itself by then.
    await time.advance(4000);
    expect(distrusted).toHaveLength(1);
    expect(counts()).toEqual({ ...none, sampled: 1, beyondBound: 1 });
    expect(found).toMatchObject([
      { finding: 'beyond bound', subject: 'u_ada', session: '1.test', toldAfterMs: undefined },
    ]);
    expect(revocations.silenceMs()).toBeLessThan(3500);
  });

  test('demotes the service until a new snapshot proves otherwise, and no longer', async () => {
    const { admit, token, authority, time, distrusted, revocations } = await open();
    authority.revokeUntold({ kind: 'session', session: '1.test' });
    admit(token());
    await time.advance(1);
    let longest = 0;
    for (let step = 0; step < 400 && distrusted.length === 0; step += 1) await time.advance(10);
    authority.holdFeed(true);
    longest = Math.max(longest, revocations.silenceMs());
    expect(longest).toBe(Infinity);
    await time.advance(5000);
    expect(revocations.silenceMs()).toBe(Infinity);
    authority.holdFeed(false);
    await time.advance(5000);
    expect(revocations.silenceMs()).toBeLessThan(3500);
    expect(distrusted).toHaveLength(1);
  });

  test('several at once are one reason to distrust, and each is counted', async () => {
    const { admit, token, authority, time, distrusted, counts } = await open({ maxPerSecond: Infinity });
    authority.revokeUntold({ kind: 'subject', subject: 'u_ada', upToSerial: 99 });
    for (let serial = 1; serial <= 5; serial += 1) admit(token(`${serial}.test`));
    await time.advance(5000);
    expect(distrusted).toHaveLength(1);
    expect(counts()).toEqual({ ...none, sampled: 5, beyondBound: 5 });
  });

  test('while the feed is silent nobody is accused: the silence demotes already; it is settled when the feed is back', async () => {
    const { admit, token, authority, time, distrusted, counts } = await open({ maxPerSecond: Infinity });
    authority.holdFeed(true);
    await time.advance(10_000);
    authority.revoke({ kind: 'session', session: '1.test' });
    admit(token(), 'degraded');
    authority.revokeUntold({ kind: 'session', session: '2.test' });
    admit(token('2.test'), 'degraded');
    await time.advance(40_000);
    expect(distrusted).toEqual([]);
    expect(counts()).toEqual({ ...none, sampled: 2 });
    authority.holdFeed(false);
    await time.advance(10_000);
    expect(counts()).toEqual({ ...none, sampled: 2, staleAllows: 1, beyondBound: 1 });
    expect(distrusted).toHaveLength(1);
  });

  test('whose token is about to expire proves nothing: its session may have ended by time', async () => {
    const { admit, token, authority, time, distrusted, counts } = await open();
    authority.revokeUntold({ kind: 'session', session: '1.test' });
    admit(token('1.test', { expiresAt: time.epochSeconds() + 10 }));
    await time.advance(60_000);
    expect(distrusted).toEqual([]);
    expect(counts()).toEqual({ ...none, sampled: 1, unanswered: 1 });
  });

  test('what another gate was told is not what the feed said', async () => {
    const { admit, token, authority, time, revocations, distrusted, counts } = await open();
    authority.revokeUntold({ kind: 'session', session: '1.test' });
    const admitted = token();
    admit(admitted);
    revocations.learn({ kind: 'token', tokenId: admitted.tokenId });
    await time.advance(5000);
    expect(counts()).toMatchObject({ beyondBound: 1 });
    expect(distrusted).toHaveLength(1);
  });
});

test('an honest feed is never accused, and every sample is settled, whatever is revoked, held and asked in which order', async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.nat(4).map((session) => ({ admit: `${session}.s` })) },
    { weight: 2, arbitrary: fc.nat(4).map((session) => ({ revoke: `${session}.s` })) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 4000 }).map((waitMs) => ({ waitMs })) },
    { weight: 1, arbitrary: fc.boolean().map((hold) => ({ hold })) },
    { weight: 1, arbitrary: fc.constantFrom('lost', 'twice', 'swapped').map((fault) => ({ fault })) },
  );
  const property = fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
    const { admit, token, authority, time, revocations, distrusted, counts } = await open({ maxPerSecond: Infinity });
    for (const taken of steps) {
      if ('admit' in taken) {
        const admitted = token(taken.admit);
        if (!revocations.isRevoked(admitted)) admit(admitted);
      } else if ('revoke' in taken) authority.revoke({ kind: 'session', session: taken.revoke });
      else if ('waitMs' in taken) await time.advance(taken.waitMs);
      else if ('hold' in taken) authority.holdFeed(taken.hold);
      else authority.feedFaults.stage(taken.fault);
    }
    authority.holdFeed(false);
    await time.advance(30_000);
    const { sampled, confirmed, staleAllows, beyondBound, unanswered } = counts();
    expect(distrusted).toEqual([]);
    expect({ sampled, beyondBound }).toEqual({ sampled: confirmed + staleAllows + unanswered, beyondBound: 0 });
    revocations.close();
  });
  await expect(fc.assert(property, { numRuns: 150 })).resolves.toBeUndefined();
});

test('counts are told each minute in which they changed, and not otherwise', async () => {
  const { admit, token, time, told } = await open();
  await time.advance(59_000);
  admit(token());
  await time.advance(2000);
  expect(told).toEqual([{ ...none, sampled: 1, confirmed: 1 }]);
  await time.advance(300_000);
  expect(told).toHaveLength(1);
});
