import { followRevocations, type FeedMessage } from '@sallyport/auth';
import { inTransaction } from '@sallyport/db';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { transactionLimits } from '../database.ts';
import { grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { cutOff } from './cut-off.ts';
import type { FeedPlace } from './feed-place.ts';
import { lastPosition as readLastPosition, readRevocations, recordRevocations } from './revocation-outbox.ts';
import { ownRevocations, streamRevocations } from './revocation-stream.ts';

let auth: RunningAuthority;
const parts = () => ({ database: auth.authority.database, wake: auth.wake });

beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());

function revoke(tokenId: string): Promise<number> {
  return inTransaction(auth.authority.database, transactionLimits, (transaction) =>
    recordRevocations(transaction, [{ kind: 'token', tokenId }], 'test'),
  );
}

/** Reads from the feed until `enough`, and closes it. */
async function take(
  from: FeedPlace | undefined,
  enough: (messages: readonly FeedMessage[]) => boolean,
): Promise<FeedMessage[]> {
  const messages: FeedMessage[] = [];
  for await (const { message } of streamRevocations(parts(), from, AbortSignal.timeout(20_000))) {
    messages.push(message);
    if (enough(messages)) return messages;
  }
  throw new Error(`The feed ended after ${messages.length} messages.`);
}

const endsWithHeartbeat = (messages: readonly FeedMessage[]): boolean => messages.at(-1)?.type === 'heartbeat';
const positions = (messages: readonly FeedMessage[]) =>
  messages.flatMap((message) => (message.type === 'event' ? [message.event.position] : []));

const lastPosition = (): Promise<number> => readLastPosition(auth.authority.database);

/** Where somebody stands who has read everything. */
async function lastPlace(): Promise<FeedPlace> {
  const position = await lastPosition();
  const [row] = await readRevocations(auth.authority.database, position - 1, 1);
  return { position, recordedAt: row?.recordedAt };
}

test('positions have no gaps and follow the order of commits, also when transactions overlap, fail and are slow', async () => {
  const place = await lastPlace();
  const start = place.position;
  const seen: number[] = [];
  const abort = new AbortController();
  const reading = (async () => {
    // A reader that follows "position > last" all the while: it must miss nothing.
    for await (const { message } of streamRevocations(parts(), place, abort.signal))
      if (message.type === 'event') seen.push(message.event.position);
  })();
  const work = Array.from({ length: 60 }, (_, index) =>
    inTransaction(auth.authority.database, transactionLimits, async (transaction) => {
      const events = Array.from(
        { length: 1 + (index % 3) },
        (__, part) => ({ kind: 'token', tokenId: `overlap-${index}-${part}` }) as const,
      );
      await recordRevocations(transaction, events, 'test');
      await transaction.execute(`SELECT pg_sleep(${(index % 5) / 500})`);
      if (index % 7 === 0) throw new Error('changed its mind');
    }),
  );
  await Promise.allSettled(work);
  const committed = (await lastPosition()) - start;
  await vi.waitFor(() => expect(seen).toHaveLength(committed), { timeout: 5000, interval: 20 });
  abort.abort();
  await reading;
  expect(seen).toEqual(Array.from({ length: committed }, (_, index) => start + 1 + index));
  const rows = await readRevocations(auth.authority.database, start, 1000);
  expect(rows.some(({ event }) => event.kind === 'token' && event.tokenId.startsWith('overlap-7-'))).toBe(false);
}, 30_000);

test('a reader that comes back with its place gets exactly what it missed', async () => {
  await revoke('seen');
  const before = await lastPlace();
  await revoke('missed-1');
  await revoke('missed-2');
  const messages = await take(before, endsWithHeartbeat);
  expect(messages.map(({ type }) => type)).toEqual(['resumed', 'event', 'event', 'heartbeat']);
  expect(positions(messages)).toEqual([before.position + 1, before.position + 2]);
  expect(messages.at(-1)).toEqual({ type: 'heartbeat', position: before.position + 2 });
});

test('a reader with no news gets a heartbeat at once, and one each second', async () => {
  const last = await lastPlace();
  const startedAt = performance.now();
  const messages = await take(last, (all) => all.length === 4);
  expect(messages.shift()).toEqual({ type: 'resumed', position: last.position });
  expect(messages).toEqual([1, 2, 3].map(() => ({ type: 'heartbeat', position: last.position })));
  expect(performance.now() - startedAt).toBeGreaterThan(1900);
  expect(performance.now() - startedAt).toBeLessThan(3500);
});

test('a revocation reaches a follower well before its next poll, and is found without any wake too', async () => {
  const woken = followRevocations(ownRevocations(parts()));
  const deaf = followRevocations(
    ownRevocations({
      ...parts(),
      wake: {
        rings: () => 0,
        wait: (_, ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        close: async () => {},
      },
    }),
  );
  const token = { tokenId: 'reaches', subject: 's', client: 'c', keyId: 'k' };
  await vi.waitFor(() => expect(woken.silenceMs()).toBeLessThan(900), { interval: 5 });
  await vi.waitFor(() => expect(deaf.silenceMs()).toBeLessThan(900), { interval: 5 });
  await revoke('reaches');
  const committedAt = performance.now();
  await vi.waitFor(() => expect(woken.isRevoked(token)).toBe(true), { interval: 2 });
  const tookMs = performance.now() - committedAt;
  await vi.waitFor(() => expect(deaf.isRevoked(token)).toBe(true), { timeout: 2000, interval: 5 });
  expect(tookMs).toBeLessThan(500);
  woken.close();
  deaf.close();
});

test('the wake comes back by itself after its connection was cut', async () => {
  await auth.operator.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()`,
  );
  const before = auth.wake.rings();
  // It rings once for what it may have missed, and then for each revocation.
  await vi.waitFor(() => expect(auth.wake.rings()).toBeGreaterThan(before), { timeout: 5000 });
  const reconnected = auth.wake.rings();
  await revoke('after-cut');
  await vi.waitFor(() => expect(auth.wake.rings()).toBeGreaterThan(reconnected), { timeout: 5000 });
});

test('a cut-off covers every session drawn so far and none that comes later, though both are of one second', async () => {
  const ask = ({ id: session, subject }: { id: string; subject: string }) => ({
    tokenId: 't',
    session,
    subject,
    client: 'web',
  });
  const feed = followRevocations(ownRevocations(parts()));
  // Twice, within one second: the greater serial counts, in the tables and in the feed.
  for (const round of [1, 2]) {
    const before = await auth.as().signIn.mutate(grace);
    const { upToSerial, position } = await cutOff(
      auth.authority,
      { kind: 'subject', subject: before.session.subject },
      { because: 'test' },
    );
    const after = await auth.as().signIn.mutate(grace);
    const answers = await auth.authority.introspect([ask(before.session), ask(after.session)]);
    expect(answers.map(({ active }) => active)).toEqual([false, true]);
    await expect(auth.as().refresh.mutate({ refreshToken: before.refreshToken })).rejects.toThrow();
    const [row] = await readRevocations(auth.authority.database, position - 1, 1);
    expect(row?.event).toEqual({ position, kind: 'subject', subject: before.session.subject, upToSerial });
    await vi.waitFor(() => expect(feed.position()).toBeGreaterThanOrEqual(position), { interval: 5 });
    const covered = [before, after].map(({ session }) => feed.isRevoked({ ...ask(session), keyId: 'k' }));
    expect([round, ...covered]).toEqual([round, true, false]);
  }
  feed.close();
  for (const target of [{ kind: 'client', client: 'web' }, { kind: 'everyone' }] as const) {
    const { session } = await auth.as().signIn.mutate(grace);
    await cutOff(auth.authority, target, { because: 'test' });
    expect(await auth.authority.introspect([ask(session)])).toEqual([{ active: false }]);
  }
});
