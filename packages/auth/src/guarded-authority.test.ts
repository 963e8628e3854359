import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { coalescingAuthority } from './coalescing-authority.ts';
import { guardedAuthority, type BreakerTransition, type GuardOptions } from './guarded-authority.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

class Refused extends Error {}

type Move = 'answers' | 'is down' | 'hangs' | 'refuses' | number;

/** An authority that does as it is told, in this order and then the last for ever. A number: it is down after so many ms. */
function authority(...moves: readonly Move[]) {
  const askedAtMs: number[] = [];
  const signals: AbortSignal[] = [];
  const startedAtMs = performance.now();
  const plan = [...moves];

  function ask(question: string, signal: AbortSignal): Promise<string> {
    askedAtMs.push(performance.now() - startedAtMs);
    signals.push(signal);
    const move = plan.length > 1 ? plan.shift() : plan[0];
    if (move === 'answers') return Promise.resolve(`${question} ${askedAtMs.length}`);
    if (move === 'refuses') return Promise.reject(new Refused('we do not know this service'));
    if (move === 'hangs') return new Promise(() => {});
    const down = new Error(`down ${askedAtMs.length}`);
    return typeof move === 'number'
      ? new Promise((_resolve, reject) => void setTimeout(() => reject(down), move))
      : Promise.reject(down);
  }

  return {
    ask,
    askedAtMs,
    signals,
    from: (...next: readonly Move[]) => void plan.splice(0, plan.length, ...next),
  };
}

const never = new AbortController().signal;
const isOutage = (error: unknown): boolean => !(error instanceof Refused);

/** A guarded authority, with what its breaker reported and how long each question took. */
function guard(ask: ReturnType<typeof authority>['ask'], options: GuardOptions = {}) {
  const transitions: BreakerTransition[] = [];
  const onTransition = (transition: BreakerTransition): void => void transitions.push(transition);
  const asking = guardedAuthority(ask, { random: () => 0, isOutage, onTransition, ...options });
  const outcome = async (signal = never) => {
    const startedAtMs = performance.now();
    const told = await asking('a', signal).catch((error: unknown) => String(error));
    return { told, afterMs: performance.now() - startedAtMs };
  };
  /** Asks, lets time pass until there is an answer, and tells it. */
  const ended = async (signal = never) => {
    const asked = outcome(signal);
    await vi.advanceTimersByTimeAsync(2000);
    return asked;
  };
  return { asking, transitions, outcome, ended };
}

const open = 'BreakerOpen: the breaker is open';
const late = expect.stringContaining('NoAnswerInTime: no answer within');

describe('retries', () => {
  test('an outage is asked about again, at most twice, and the last one is told', async () => {
    const { ask, askedAtMs } = authority('is down');
    expect(await guard(ask).ended()).toMatchObject({ told: 'Error: down 3' });
    expect(askedAtMs.length).toBe(3);
  });

  test('the answer of a retry counts, and was asked for anew', async () => {
    const { ask } = authority('is down', 'answers');
    expect(await guard(ask).ended()).toMatchObject({ told: 'a 2' });
  });

  test('a refusal is an answer: it is not asked about again, and told as it is', async () => {
    const { ask, askedAtMs } = authority('refuses');
    expect(await guard(ask).ended()).toMatchObject({ told: 'Error: we do not know this service' });
    expect(askedAtMs.length).toBe(1);
  });

  test.each([
    [0.02, [0, 1, 3]],
    [0.5, [0, 25, 75]],
    [0.999, [0, 49, 148]],
  ])('waits by chance, twice as long before the second: %d of the longest', async (chance, expected) => {
    const { ask, askedAtMs } = authority('is down');
    await guard(ask, { random: () => chance }).ended();
    expect(askedAtMs.map((ms) => Math.floor(ms))).toEqual(expected);
  });

  test('a retry is made only when there is time left for it', async () => {
    const { ask, askedAtMs } = authority(899, 'answers');
    expect(await guard(ask, { random: () => 0.999 }).ended()).toMatchObject({ told: 'a 2' });
    const slow = authority(900, 'answers');
    expect(await guard(slow.ask, { random: () => 0.999 }).ended()).toEqual({ told: 'Error: down 1', afterMs: 900 });
    expect([askedAtMs.length, slow.askedAtMs.length]).toEqual([2, 1]);
  });
});

describe('deadline', () => {
  test.each<[string, readonly Move[]]>([
    ['hangs', ['hangs']],
    ['is down, then hangs', ['is down', 'hangs']],
    ['is down late, then hangs', [899, 'hangs']],
    ['is down late, again and again', [450]],
    ['is down twice, then hangs', [300, 300, 'hangs']],
  ])('an authority that %s: no answer is told within 1 s, retries included', async (_name, moves) => {
    const { ask, signals } = authority(...moves);
    const { told, afterMs } = await guard(ask, { random: () => 0.999 }).ended();
    expect(told).toEqual(expect.stringMatching(/^NoAnswerInTime|^Error: down/));
    expect(afterMs).toBeLessThanOrEqual(1000);
    await vi.advanceTimersByTimeAsync(1000);
    expect(vi.getTimerCount()).toBe(0);
    expect(signals.length).toBeLessThanOrEqual(3);
  });

  test('the transport is told to stop at the deadline, not before', async () => {
    const { ask, signals } = authority('hangs');
    const asked = guard(ask).outcome();
    await vi.advanceTimersByTimeAsync(999);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    await vi.advanceTimersByTimeAsync(1);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(await asked).toEqual({ told: late, afterMs: 1000 });
  });

  test('under the coalescer each asker hears within its own second, however many wait and whatever is retried', async () => {
    const { ask } = authority('hangs');
    const guarded = guardedAuthority((_questions: unknown, signal) => ask('a', signal).then(() => []));
    const asking = coalescingAuthority(guarded);
    const took: number[] = [];
    for (let index = 0; index < 10; index += 1) {
      const startedAtMs = performance.now();
      const question = { tokenId: `t${index}`, session: '1.a', subject: 'u_ada', client: 'web' };
      asking(question).catch(() => took.push(performance.now() - startedAtMs));
      await vi.advanceTimersByTimeAsync(130);
    }
    await vi.advanceTimersByTimeAsync(2000);
    expect(took.length).toBe(10);
    expect(Math.max(...took)).toBeLessThanOrEqual(1000);
  });
});

describe('breaker', () => {
  const once = { retries: 0 };

  /** Opens the breaker of an authority that is down. */
  async function opened(options: GuardOptions = once) {
    const peer = authority('is down');
    const guarded = guard(peer.ask, options);
    for (let failures = 0; failures < 5; failures += 1) await guarded.outcome();
    return { ...peer, ...guarded };
  }

  test('five outages in a row open it: from then on nobody is asked, and everybody hears at once', async () => {
    const { outcome, askedAtMs } = await opened();
    expect(await outcome()).toEqual({ told: open, afterMs: 0 });
    expect(await outcome()).toEqual({ told: open, afterMs: 0 });
    expect(askedAtMs.length).toBe(5);
  });

  test('four outages and an answer, for ever, do not open it: only a row counts', async () => {
    const { ask } = authority(
      ...Array.from({ length: 10 }, () => ['is down', 'is down', 'is down', 'is down', 'answers'] as const).flat(),
    );
    const { outcome, transitions } = guard(ask, once);
    for (let asked = 0; asked < 50; asked += 1) expect((await outcome()).told).not.toBe(open);
    expect(transitions).toEqual([]);
  });

  test('a deadline that passes counts as an outage', async () => {
    const { ask } = authority('hangs');
    const { outcome } = guard(ask, { ...once, isOutage: () => false });
    const asked = Array.from({ length: 5 }, () => outcome());
    await vi.advanceTimersByTimeAsync(1000);
    await Promise.all(asked);
    expect((await outcome()).told).toBe(open);
  });

  test('a hanging authority opens it under the coalescer too, whose own deadline is the same', async () => {
    const { ask } = authority('hangs');
    const { asking, transitions } = guard(ask);
    const coalesced = coalescingAuthority((_questions, signal) => asking('a', signal).then(() => []));
    for (let index = 0; index < 12; index += 1) {
      coalesced({ tokenId: `t${index}`, session: '1.a', subject: 'u_ada', client: 'web' }).catch(() => {});
      await vi.advanceTimersByTimeAsync(500);
    }
    expect(transitions).toMatchObject([{ to: 'open' }]);
  });

  test('refusals never open it, and end a row of outages', async () => {
    const refusing = authority('refuses');
    const { outcome } = guard(refusing.ask, once);
    for (let asked = 0; asked < 20; asked += 1) await outcome();
    expect(refusing.askedAtMs.length).toBe(20);
  });

  test('callers that go away never open it, however many, and hear so at once', async () => {
    const { ask, askedAtMs } = authority('hangs');
    const { outcome } = guard(ask, once);
    for (let gone = 0; gone < 20; gone += 1) {
      const caller = new AbortController();
      const asked = outcome(caller.signal);
      caller.abort(new Error('gone'));
      expect(await asked).toEqual({ told: 'Error: gone', afterMs: 0 });
    }
    const still = outcome();
    expect(askedAtMs.length).toBe(21);
    await vi.advanceTimersByTimeAsync(1000);
    expect((await still).told).toEqual(late);
  });

  test('a caller that was gone before it asked asks nothing', async () => {
    const { ask, askedAtMs } = authority('answers');
    expect((await guard(ask).outcome(AbortSignal.abort(new Error('gone')))).told).toBe('Error: gone');
    expect(askedAtMs).toEqual([]);
  });

  test('a caller that goes away between two attempts asks no more', async () => {
    const { ask, askedAtMs } = authority('is down');
    const caller = new AbortController();
    const asked = guard(ask, { random: () => 0.999 }).outcome(caller.signal);
    await vi.advanceTimersByTimeAsync(10);
    caller.abort(new Error('gone'));
    await vi.advanceTimersByTimeAsync(1000);
    expect((await asked).told).toBe('Error: gone');
    expect(askedAtMs.length).toBe(1);
  });

  test('retries count, and stop when it opens on the way', async () => {
    const { ask, askedAtMs } = authority('is down');
    const { ended } = guard(ask, { retries: 10, retryWithinMs: 0 });
    expect(await ended()).toMatchObject({ told: open });
    expect(askedAtMs.length).toBe(5);
  });

  test('while it is open nobody waits for a retry', async () => {
    const { ended, outcome } = guard(authority('is down').ask, { random: () => 0.999, probeAfterMs: 60_000 });
    await ended();
    await ended();
    expect(await outcome()).toEqual({ told: open, afterMs: 0 });
  });

  test('after half a second one question, and one only, is let through; the others hear at once that it is open', async () => {
    const { outcome, askedAtMs, from } = await opened();
    from('hangs');
    await vi.advanceTimersByTimeAsync(499);
    expect((await outcome()).told).toBe(open);
    await vi.advanceTimersByTimeAsync(1);
    const probe = outcome();
    expect(await outcome()).toEqual({ told: open, afterMs: 0 });
    expect(await outcome()).toEqual({ told: open, afterMs: 0 });
    await vi.advanceTimersByTimeAsync(1000);
    expect((await probe).told).toEqual(late);
    expect(askedAtMs.length).toBe(6);
  });

  test('a probe that fails keeps it open for another half second; one that is answered closes it', async () => {
    const { outcome, from } = await opened();
    await vi.advanceTimersByTimeAsync(500);
    expect((await outcome()).told).toBe('Error: down 6');
    from('answers');
    await vi.advanceTimersByTimeAsync(499);
    expect((await outcome()).told).toBe(open);
    await vi.advanceTimersByTimeAsync(1);
    expect((await outcome()).told).toBe('a 7');
    expect((await outcome()).told).toBe('a 8');
  });

  test('a probe that is refused closes it: the authority is there', async () => {
    const { outcome, from } = await opened();
    from('refuses', 'answers');
    await vi.advanceTimersByTimeAsync(500);
    expect((await outcome()).told).toBe('Error: we do not know this service');
    expect((await outcome()).told).toBe('a 7');
  });

  test('a caller that goes away while it probes neither closes it nor keeps it half open', async () => {
    const { outcome, transitions, from } = await opened();
    from('hangs');
    await vi.advanceTimersByTimeAsync(500);
    const caller = new AbortController();
    const probe = outcome(caller.signal);
    caller.abort(new Error('gone'));
    expect((await probe).told).toBe('Error: gone');
    expect((await outcome()).told).toBe(open);
    await vi.advanceTimersByTimeAsync(1000);
    expect(transitions).toHaveLength(1);
    from('answers');
    await vi.advanceTimersByTimeAsync(500);
    expect((await outcome()).told).toBe('a 7');
  });

  test('opening and closing is told once each, with counts; probes that fail are not told again', async () => {
    const { outcome, transitions, from } = await opened();
    expect(transitions).toEqual([{ to: 'open', failures: 5, error: new Error('down 5') }]);
    for (let probes = 0; probes < 3; probes += 1) {
      await vi.advanceTimersByTimeAsync(500);
      await outcome();
      await outcome();
    }
    expect(transitions).toHaveLength(1);
    from('answers');
    await vi.advanceTimersByTimeAsync(500);
    await outcome();
    await outcome();
    expect(transitions.slice(1)).toEqual([{ to: 'closed', openForMs: 2000, refused: 3, probes: 4 }]);
    from('is down');
    for (let failures = 0; failures < 5; failures += 1) await outcome();
    from('answers');
    await vi.advanceTimersByTimeAsync(500);
    await outcome();
    expect(transitions.slice(2)).toMatchObject([
      { to: 'open' },
      { to: 'closed', openForMs: 500, refused: 0, probes: 1 },
    ]);
  });

  test('what it says names the last outage as its cause', async () => {
    const { asking } = await opened();
    await expect(asking('a', never)).rejects.toMatchObject({ name: 'BreakerOpen', cause: new Error('down 5') });
  });

  test('a calendar that is set back does not keep it open: it waits by monotonic time', async () => {
    const { outcome, from } = await opened();
    from('answers');
    const now = vi.spyOn(Date, 'now').mockReturnValue(0);
    await vi.advanceTimersByTimeAsync(500);
    expect((await outcome()).told).toBe('a 6');
    now.mockRestore();
  });
});
