import { followRevocations, type FeedMessage, type Revocation, type RevocationEvent } from '@sallyport/auth';
import { inTransaction } from '@sallyport/db';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { transactionLimits } from '../database.ts';
import { runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { readFeedPlace, writeFeedPlace, type FeedPlace } from './feed-place.ts';
import { lastPosition, readRevocations, recordRevocations } from './revocation-outbox.ts';
import { condense } from './revocation-snapshot.ts';
import { ownRevocations, streamRevocations, type StreamItem } from './revocation-stream.ts';

let auth: RunningAuthority;
const parts = () => ({ database: auth.authority.database, wake: auth.wake });

beforeAll(async () => {
  auth = await runAuthority();
});
afterAll(() => auth.close());
beforeEach(async () => {
  // What earlier tests wrote is older than anything that a snapshot holds.
  await auth.operator.query(`UPDATE revocations SET recorded_at = recorded_at - interval '1 hour'`);
});

function record(...revoked: readonly Revocation[]): Promise<number> {
  return inTransaction(auth.authority.database, transactionLimits, (transaction) =>
    recordRevocations(transaction, revoked, 'test'),
  );
}

const tokens = (prefix: string, count: number): Revocation[] =>
  Array.from({ length: count }, (_, index) => ({ kind: 'token', tokenId: `${prefix}-${index}` }));

async function placeOf(position: number): Promise<FeedPlace> {
  const [row] = await readRevocations(auth.authority.database, position - 1, 1);
  return { position, recordedAt: row?.recordedAt };
}

/** Reads a stream by hand up to its first heartbeat; `between` runs after each message, before the next is asked for. */
async function readUntilHeartbeat(
  from: FeedPlace | undefined,
  between: (item: StreamItem) => Promise<unknown> = async () => {},
): Promise<FeedMessage[]> {
  const messages: FeedMessage[] = [];
  for await (const item of streamRevocations(parts(), from, AbortSignal.timeout(20_000))) {
    messages.push(item.message);
    if (item.message.type === 'heartbeat') return messages;
    await between(item);
  }
  throw new Error('The feed ended.');
}

/** Names of the tokens that messages of a kind revoke. */
const tokensIn = (messages: readonly FeedMessage[], type: 'snapshot' | 'event'): string[] =>
  messages.flatMap((message) => {
    if (message.type === 'heartbeat' || message.type === 'resumed' || message.type !== type) return [];
    const told = message.type === 'snapshot' ? message.inForce : [message.event];
    return told.flatMap((one) => (one.kind === 'token' ? [one.tokenId] : []));
  });

test('without a place, the feed begins with what is in force for any token that can be alive, and goes on after it', async () => {
  await record(...tokens('old', 2));
  await auth.operator.query(`UPDATE revocations SET recorded_at = now() - interval '16 minutes'`);
  const position = await record(...tokens('young', 2), { kind: 'session', session: 'a.b' });
  const messages = await readUntilHeartbeat(undefined);
  expect(messages).toEqual([
    {
      type: 'snapshot',
      page: 0,
      inForce: [...tokens('young', 2), { kind: 'session', session: 'a.b' }],
      position,
    },
    { type: 'heartbeat', position },
  ]);
});

test('with nothing in force, the snapshot is one empty page that says where the feed is', async () => {
  const position = await lastPosition(auth.authority.database);
  expect(await readUntilHeartbeat(undefined)).toEqual([
    { type: 'snapshot', page: 0, inForce: [], position },
    { type: 'heartbeat', position },
  ]);
});

test('a snapshot comes in bounded pages, numbered, and only the last says how far it reaches', async () => {
  const position = await record(...tokens('many', 1200));
  const pages = (await readUntilHeartbeat(undefined)).filter((message) => message.type === 'snapshot');
  expect(pages.map((page) => [page.page, page.inForce.length, page.position])).toEqual([
    [0, 500, undefined],
    [1, 500, undefined],
    [2, 200, position],
  ]);
});

test('what is committed while a snapshot is sent comes once, after it: nothing is lost, nothing comes twice', async () => {
  await record(...tokens('before', 1200));
  let round = 0;
  const messages = await readUntilHeartbeat(undefined, async ({ message }) => {
    if (message.type === 'snapshot') await record(...tokens(`during-${(round += 1)}`, 2));
  });
  expect(tokensIn(messages, 'snapshot')).toEqual(tokens('before', 1200).map((one) => 'tokenId' in one && one.tokenId));
  expect(tokensIn(messages, 'event')).toEqual([1, 2, 3].flatMap((part) => [`during-${part}-0`, `during-${part}-1`]));
});

test('followers that begin while others commit, fail and are slow all end with the same, complete state', async () => {
  const names: string[] = [];
  const commit = async (index: number): Promise<void> => {
    await inTransaction(auth.authority.database, transactionLimits, async (transaction) => {
      const revoked = tokens(`race-${index}`, 1 + (index % 400));
      await recordRevocations(transaction, revoked, 'test');
      await transaction.execute(`SELECT pg_sleep(${(index % 4) / 500})`);
      if (index % 5 === 0) throw new Error('changed its mind');
      names.push(`race-${index}-0`);
    }).catch(() => {});
  };
  const feeds: ReturnType<typeof followRevocations>[] = [];
  await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      await commit(index);
      if (index % 4 === 0) feeds.push(followRevocations(ownRevocations(parts())));
    }),
  );
  const end = await lastPosition(auth.authority.database);
  for (const feed of feeds) {
    await vi.waitFor(() => expect(feed.position()).toBe(end), { timeout: 5000, interval: 10 });
    const missing = names.filter((tokenId) => !feed.isRevoked({ tokenId, subject: 's', client: 'c', keyId: 'k' }));
    expect(missing).toEqual([]);
    expect(feed.isRevoked({ tokenId: 'race-5-0', subject: 's', client: 'c', keyId: 'k' })).toBe(false);
    feed.close();
  }
}, 30_000);

test.each<[string, (last: FeedPlace) => FeedPlace]>([
  ['ahead of ours', ({ position, recordedAt }) => ({ position: position + 1000, recordedAt })],
  ['with another row behind it', ({ position }) => ({ position, recordedAt: new Date(1_700_000_000_000) })],
  ['with no row behind it', ({ position }) => ({ position, recordedAt: undefined })],
])('a place from another history, %s, counts as none', async (_what, change) => {
  const position = await record(...tokens('kept', 1));
  const messages = await readUntilHeartbeat(change(await placeOf(position)));
  expect(tokensIn(messages, 'snapshot')).toEqual(['kept-0']);
  expect(messages[0]).toMatchObject({ type: 'snapshot', position });
});

test('a place from before everything that is in force counts as none: the snapshot is shorter', async () => {
  const seen = await record(...tokens('seen', 1));
  await record(...tokens('long-ago', 3));
  await auth.operator.query(`UPDATE revocations SET recorded_at = now() - interval '16 minutes'`);
  const place = await placeOf(seen);
  await record(...tokens('now', 1));
  const messages = await readUntilHeartbeat(place);
  expect(tokensIn(messages, 'snapshot')).toEqual(['now-0']);
  expect(tokensIn(messages, 'event')).toEqual([]);
});

test.each([3, 4])(
  'restored from a backup, and counted on to %d events: the follower does not miss those with positions that it knows',
  async (count) => {
    const feed = followRevocations(ownRevocations(parts()), { random: () => 0 });
    const base = await record(...tokens('backed-up', 1));
    await record(...tokens('lost', 3));
    await vi.waitFor(() => expect(feed.position()).toBe(base + 3), { interval: 5 });
    // One transaction: nobody sees the older state, no connection ends, and no position goes back.
    await auth.operator.query(`
      BEGIN;
      UPDATE revocation_counter SET last_position = ${base + count};
      DELETE FROM revocations WHERE position > ${base};
      INSERT INTO revocations (position, kind, name, because)
        SELECT ${base} + n, 'token', 'restored-' || n, 'test' FROM generate_series(1, ${count}) n;
      COMMIT`);
    const restoredAt = performance.now();
    const isRevoked = (tokenId: string) => feed.isRevoked({ tokenId, subject: 's', client: 'c', keyId: 'k' });
    const isComplete = () => feed.silenceMs() < performance.now() - restoredAt;
    await vi.waitFor(() => expect(isComplete()).toBe(true), { timeout: 10_000, interval: 1 });
    const names = Array.from({ length: count }, (_, index) => `restored-${index + 1}`);
    expect(names.map(isRevoked)).toEqual(names.map(() => true));
    expect(isRevoked('lost-2')).toBe(true);
    feed.close();
  },
);

test('a key that is over is denied in every snapshot, however long ago that was', async () => {
  await auth.operator.query(`
    INSERT INTO signing_keys (kid, public_jwk, sealed_private_key, published_at, signs_from, retires_at)
    VALUES ('over', '{}', '', now() - interval '3 days', now() - interval '3 days', now() - interval '2 days')`);
  const [first] = await readUntilHeartbeat(undefined);
  expect(first).toMatchObject({ inForce: [{ kind: 'key', keyId: 'over' }] });
  await auth.operator.query(`DELETE FROM signing_keys WHERE kid = 'over'`);
});

test('condensed, a page says the same: one for each target, the greatest cut-off', () => {
  const name = fc.constantFrom('a', 'b');
  const upToSerial = fc.nat(9);
  const revocation: fc.Arbitrary<Revocation> = fc.oneof(
    fc.record({ kind: fc.constant('token' as const), tokenId: name }),
    fc.record({ kind: fc.constant('session' as const), session: name }),
    fc.record({ kind: fc.constant('key' as const), keyId: name }),
    fc.record({ kind: fc.constant('subject' as const), subject: name, upToSerial }),
    fc.record({ kind: fc.constant('client' as const), client: name, upToSerial }),
    fc.record({ kind: fc.constant('everyone' as const), upToSerial }),
  );
  fc.assert(
    fc.property(fc.array(revocation, { maxLength: 12 }), (revocations) => {
      const events: RevocationEvent[] = revocations.map((one, index) => ({ position: index + 1, ...one }));
      const condensed = condense(events);
      const target = (one: Revocation): string => JSON.stringify({ ...one, upToSerial: undefined });
      const greatest = (of: readonly object[], wanted: string): number =>
        Math.max(
          ...of.flatMap((one) =>
            JSON.stringify({ ...one, upToSerial: undefined }) === wanted && 'upToSerial' in one
              ? [Number(one.upToSerial)]
              : [],
          ),
        );
      const targets = new Set(revocations.map(target));
      expect(condensed.length).toBe(targets.size);
      for (const one of targets) expect(greatest(condensed, one)).toBe(greatest(revocations, one));
    }),
  );
});

test('a place is written and read as itself, and nothing else is one', () => {
  for (const place of [
    { position: 0, recordedAt: undefined },
    { position: 12, recordedAt: new Date(1_790_000_000_123) },
  ])
    expect(readFeedPlace(writeFeedPlace(place))).toEqual(place);
  for (const text of ['', '01', '-1', '1.', '1.A', '1.a.b', ' 1', '1e3', '1234567890123456']) {
    expect(readFeedPlace(text)).toBeUndefined();
  }
});
