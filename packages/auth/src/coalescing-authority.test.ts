import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AskAuthority, IntrospectionAnswer, IntrospectionQuestion } from './authority.ts';
import { coalescingAuthority } from './coalescing-authority.ts';

const question = (name: string): IntrospectionQuestion => ({
  tokenId: name,
  session: `1.${name}`,
  subject: 'u_ada',
  client: 'web',
});

const inactive = { active: false } as const;
const active = { active: true, authTime: 1, acr: 'aal1', answeredAt: 1 } as const;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const names = fc.constantFrom('a', 'b', 'c', 'd');
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: names.map((name) => ({ ask: name })) },
    { weight: 1, arbitrary: names.map((name) => ({ revoke: name })) },
  ),
  { maxLength: 40 },
);
const fates = fc.array(fc.constantFrom('answers', 'answers', 'fails', 'throws'), { minLength: 1, maxLength: 10 });

/** An authority whose every move is a step of its own time. Each answer names the token it is about, and when it was read. */
function steppingAuthority(scheduler: fc.Scheduler, fateOfCalls: readonly string[]) {
  const revokedAt = new Map<string, number>();
  const calls: { readonly tokens: readonly string[]; readonly fate: string | undefined }[] = [];
  let time = 0;
  let underWay = 0;
  let mostUnderWay = 0;

  async function answer(tokens: readonly string[]): Promise<IntrospectionAnswer[]> {
    await scheduler.schedule(Promise.resolve(), 'the request travels');
    const readAt = (time += 1);
    const answers = tokens.map((token) =>
      revokedAt.has(token) ? { ...inactive, acr: token } : { ...active, acr: token, answeredAt: readAt },
    );
    await scheduler.schedule(Promise.resolve(), 'the answer travels');
    return answers;
  }

  const ask: AskAuthority = (questions) => {
    const fate = fateOfCalls[calls.length % fateOfCalls.length];
    const tokens = questions.map(({ tokenId }) => tokenId);
    calls.push({ tokens, fate });
    if (fate === 'throws') throw new Error(`call ${calls.length - 1}`);
    underWay += 1;
    mostUnderWay = Math.max(mostUnderWay, underWay);
    const number = calls.length - 1;
    return answer(tokens)
      .then((answers) => (fate === 'fails' ? Promise.reject(new Error(`call ${number}`)) : answers))
      .finally(() => (underWay -= 1));
  };
  return {
    ask,
    calls,
    now: () => (time += 1),
    revoke: (token: string) => void revokedAt.set(token, revokedAt.get(token) ?? (time += 1)),
    revokedAt,
    mostUnderWay: () => mostUnderWay,
  };
}

type Outcome = Readonly<{
  token: string;
  askedAt: number;
  wasRevoked: boolean;
  answer?: IntrospectionAnswer & { acr?: string };
  failedCall?: number;
}>;

/** Asks and revokes in every order that the scheduler can think of; answers what each asker was told. */
async function play(
  scheduler: fc.Scheduler,
  authority: ReturnType<typeof steppingAuthority>,
  [asking, played]: [ReturnType<typeof coalescingAuthority>, readonly ({ ask: string } | { revoke: string })[]],
): Promise<readonly Outcome[]> {
  const outcomes: Promise<Outcome>[] = [];
  const sequence = scheduler.scheduleSequence(
    played.map((step) => async () => {
      if ('revoke' in step) return authority.revoke(step.revoke);
      const asked = { token: step.ask, askedAt: authority.now(), wasRevoked: authority.revokedAt.has(step.ask) };
      outcomes.push(
        asking(question(step.ask)).then(
          (answer) => ({ ...asked, answer }),
          (error: unknown) => ({
            ...asked,
            failedCall: Number(/^call (\d+)$/.exec(String(Object(error).message))?.[1]),
          }),
        ),
      );
      return undefined;
    }),
  );
  await scheduler.waitFor(sequence.task);
  return scheduler.waitFor(Promise.all(outcomes));
}

describe('over every interleaving of questions, revocations, reads and answers', () => {
  test.each([
    { maxBatch: 1, maxUnderWay: 1 },
    { maxBatch: 3, maxUnderWay: 2 },
    { maxBatch: 128, maxUnderWay: 3 },
  ])(
    'nobody gets an answer that was read before they asked, with $maxBatch in a call and $maxUnderWay on the way (INT-07)',
    async (limits) => {
      const property = fc.asyncProperty(fc.scheduler(), steps, fates, async (scheduler, played, fateOfCalls) => {
        const authority = steppingAuthority(scheduler, fateOfCalls);
        const outcomes = await play(scheduler, authority, [coalescingAuthority(authority.ask, limits), played]);

        for (const { token, askedAt, wasRevoked, answer, failedCall } of outcomes) {
          // What was read was read after the question was asked, also when it was revoked between joining and reading.
          if (answer?.active === true && answer.answeredAt <= askedAt) return false;
          if (answer?.active === true && wasRevoked) return false;
          // Everybody is told about the own token, and only fails with a call that the own question went out in.
          if (answer !== undefined && answer.acr !== token) return false;
          if (failedCall !== undefined && authority.calls[failedCall]?.tokens.includes(token) !== true) return false;
          if (failedCall !== undefined && authority.calls[failedCall]?.fate === 'answers') return false;
        }
        const isWithinLimits = authority.calls.every(
          ({ tokens }) =>
            tokens.length > 0 && tokens.length <= limits.maxBatch && new Set(tokens).size === tokens.length,
        );
        const asks = played.filter((step) => 'ask' in step).length;
        return isWithinLimits && authority.mostUnderWay() <= limits.maxUnderWay && outcomes.length === asks;
      });
      await expect(fc.assert(property, { numRuns: 400 })).resolves.toBeUndefined();
      // Nobody's deadline passed: no timer was ever needed to get an answer, and none is left.
      expect(vi.getTimerCount()).toBe(0);
    },
  );
});

/** What an authority may say, beside what must come of it. */
const said: fc.Arbitrary<{ given: unknown; told: IntrospectionAnswer | 'no answer' }> = fc.oneof(
  fc
    .constantFrom<IntrospectionAnswer>(inactive, active, { ...active, secondFactorAt: 5 }, { ...active, authTime: 7 })
    .map((given) => ({ given, told: given })),
  fc
    .constantFrom<unknown>(
      undefined,
      null,
      true,
      'active',
      [],
      {},
      { active: 'true' },
      { ...active, active: 1 },
      { ...active, active: 'false' },
      { active: true },
      { ...active, authTime: '1' },
      { ...active, authTime: undefined },
      { ...active, answeredAt: Number.NaN },
      { ...active, answeredAt: Infinity },
      { ...active, secondFactorAt: null },
      { ...active, secondFactorAt: 1.5 },
      { ...active, acr: 2 },
      { ...active, acr: undefined },
    )
    .map((given) => ({ given, told: 'no answer' as const })),
);

const outcomeOf = (asked: Promise<IntrospectionAnswer>): Promise<unknown> =>
  asked.catch((error: unknown) => String(error));

test('one item cannot change the answer of another: in a batch each is answered as it would be alone', async () => {
  const property = fc.asyncProperty(fc.array(said, { minLength: 1, maxLength: 20 }), async (items) => {
    const ask = (async (questions) => questions.map(({ tokenId }) => items[Number(tokenId)]?.given)) as AskAuthority;
    const told = (asked: Promise<IntrospectionAnswer>) => asked.catch(() => 'no answer' as const);
    for (const [index, item] of items.entries()) {
      expect(await told(coalescingAuthority(ask)(question(`${index}`)))).toEqual(item.told);
    }
    const together = coalescingAuthority(ask, { maxUnderWay: 1 });
    const first = told(together(question('0')));
    // Twice each: who asks the same while it waits is told the same.
    const twice = [...items.keys(), ...items.keys()].map((index) => told(together(question(`${index}`))));
    expect(await Promise.all(twice)).toEqual([...items, ...items].map((item) => item.told));
    await first;
  });
  await expect(fc.assert(property, { numRuns: 300 })).resolves.toBeUndefined();
});

/** A coalescer that is busy with one question, so that what is asked next gathers. `release` lets that one end. */
function busy(ask: AskAuthority) {
  const release = Promise.withResolvers<void>();
  let isFirst = true;
  const asking = coalescingAuthority(
    async (questions, signal) => {
      if (!isFirst) return ask(questions, signal);
      isFirst = false;
      await release.promise;
      return [inactive];
    },
    { maxUnderWay: 1 },
  );
  const first = asking(question('first'));
  return { asking, release: () => (release.resolve(), first) };
}

const withThen = (answer: object, then: (resolve: (value: unknown) => void) => void): object =>
  // oxlint-disable-next-line unicorn/no-thenable -- this is the attack
  ({ ...answer, then });

const throwing = (): never => {
  throw new Error('looked at');
};

test.each<[string, () => unknown]>([
  ['an answer whose member throws', () => Object.defineProperty({}, 'active', { get: throwing, enumerable: true })],
  [
    'an answer that says two things',
    () => ({
      get active() {
        return 'neither';
      },
    }),
  ],
  ['an answer that never comes', () => withThen(active, () => {})],
  ['an answer that turns into another', () => withThen(inactive, (resolve) => resolve(active))],
  ['a promise of an answer', () => Promise.resolve(active)],
  ['a hole', () => undefined],
])('%s is no answer to its own question, and nothing to its neighbours', async (_name, hostile) => {
  const { asking, release } = busy((async (questions) =>
    questions.map(({ tokenId }) => (tokenId === 'x' ? hostile() : active))) as AskAuthority);
  const outcomes = Promise.all(['a', 'x', 'b'].map((name) => outcomeOf(asking(question(name)))));
  await release();
  expect(await outcomes).toEqual([active, expect.stringContaining('Error'), active]);
});

test.each<[string, unknown]>([
  ['too few', [active]],
  ['too many', [active, active, active]],
  ['none', []],
  ['nothing', undefined],
  ['null', null],
  ['something like a list', { length: 2, 0: active, 1: active }],
  ['text as long as the questions', 'ab'],
])('an authority that answers %s answers nobody in that call, and later ones are asked anew', async (_name, given) => {
  let isHostile = true;
  const { asking, release } = busy((async (questions) =>
    isHostile ? given : questions.map(() => active)) as AskAuthority);
  const outcomes = Promise.allSettled(['a', 'b'].map((name) => asking(question(name))));
  await release();
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  isHostile = false;
  await expect(asking(question('a'))).resolves.toEqual(active);
});

test('what the transport changes in an answer afterwards changes nothing, and no asker can change it for another', async () => {
  const given = { ...active, authTime: 1 };
  const { asking, release } = busy(async (questions) => questions.map(() => given));
  const [one, other] = [asking(question('a')), asking(question('a'))];
  await release();
  const answer = await one;
  given.authTime = 99;
  expect(await other).toEqual(active);
  expect(Object.isFrozen(answer)).toBe(true);
});

test('asks at once when idle; what arrives meanwhile gathers into the next calls, of at most 128, two at a time', async () => {
  const sizes: number[] = [];
  const releases: (() => void)[] = [];
  const asking = coalescingAuthority(async (questions) => {
    sizes.push(questions.length);
    await new Promise<void>((resolve) => releases.push(resolve));
    return questions.map(() => inactive);
  });
  const asked = Array.from({ length: 200 }, (_, index) => asking(question(`t${index}`)));
  expect(sizes).toEqual([1, 1]);
  releases.shift()?.();
  await asked[0];
  expect(sizes).toEqual([1, 1, 128]);
  releases.shift()?.();
  await asked[1];
  expect(sizes).toEqual([1, 1, 128, 70]);
  for (const release of releases) release();
  await Promise.all(asked);
  expect(sizes).toEqual([1, 1, 128, 70]);
});

test('questions are sent in the order in which they were asked', async () => {
  const sent: string[] = [];
  const { asking, release } = busy(async (questions) => {
    sent.push(...questions.map(({ tokenId }) => tokenId));
    return questions.map(() => inactive);
  });
  const asked = ['c', 'a', 'b', 'c', 'a'].map((name) => asking(question(name)));
  await release();
  await Promise.all(asked);
  expect(sent).toEqual(['c', 'a', 'b']);
});

test('a question that was sent is never joined: the same one, asked again meanwhile, is asked anew', async () => {
  let calls = 0;
  const releases: (() => void)[] = [];
  const asking = coalescingAuthority(async (questions) => {
    const answer = (calls += 1) === 1 ? active : inactive;
    await new Promise<void>((resolve) => releases.push(resolve));
    return questions.map(() => answer);
  });
  const [before, after] = [asking(question('a')), asking(question('a'))];
  for (const release of releases) release();
  expect([(await before).active, (await after).active]).toEqual([true, false]);
});

test.each(['tokenId', 'session', 'subject', 'client'] as const)(
  'two questions that differ in nothing but the %s do not share an answer',
  async (member) => {
    const { asking, release } = busy(async (questions) =>
      questions.map((asked) => (asked[member] === 'eve' ? inactive : active)),
    );
    const outcomes = Promise.all([asking(question('a')), asking({ ...question('a'), [member]: 'eve' })]);
    await release();
    expect((await outcomes).map((answer) => answer.active)).toEqual([true, false]);
  },
);

test('members that run together differently are different questions', async () => {
  const sent: number[] = [];
  const { asking, release } = busy(async (questions) => (sent.push(questions.length), questions.map(() => inactive)));
  const one = asking({ tokenId: 'a","b', session: 'c', subject: 'd', client: 'e' });
  const other = asking({ tokenId: 'a', session: 'b","c', subject: 'd', client: 'e' });
  await release();
  await Promise.all([one, other]);
  expect(sent).toEqual([2]);
});
