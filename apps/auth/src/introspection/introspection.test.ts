import type { IntrospectionQuestion } from '@sallyport/auth';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { endSessions, startSession } from '../sign-in/sessions.ts';
import { someNumber } from '../testing/expected.ts';
import { runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { adaByPassword } from '../testing/sign-ins.ts';
import { mintUserToken } from '../tokens/access-token.ts';
import { readOwnAccessToken } from '../tokens/own-token.ts';
import { revokeAccessToken } from '../tokens/token-status.ts';
import { openIntrospectionReader } from './introspection-reader.ts';

let auth: RunningAuthority;
const questions: IntrospectionQuestion[] = [];

beforeAll(async () => {
  auth = await runAuthority();
  const { authority } = auth;
  for (const fate of ['alive', 'alive', 'ended', 'revoked'] as const) {
    const { session } = await startSession(authority, adaByPassword);
    const { token } = mintUserToken(authority, session, { audience: 'catalog', scope: ['catalog:read'] });
    const claims = await readOwnAccessToken(authority, token);
    if (claims?.sid === undefined) throw new Error('our own token is not ours');
    if (fate === 'ended') await endSessions(authority.database, [session.serial], { because: 'test', at: new Date() });
    if (fate === 'revoked') await revokeAccessToken(authority, claims);
    const good = { tokenId: claims.jti, session: claims.sid, subject: claims.sub, client: claims.client_id };
    questions.push(
      good,
      { ...good, subject: 'u_eve' },
      { ...good, client: 'payments' },
      { ...good, session: 'zz.none' },
    );
  }
});
afterAll(() => auth.close());

test('active is a token of a living session, of this subject and client, that was not revoked; nothing else', async () => {
  const answers = await auth.authority.introspect(questions);
  expect(answers.map(({ active }, index) => active && index)).toEqual(
    questions.map((_, index) => (index === 0 || index === 4) && index),
  );
  expect(answers[0]).toEqual({
    active: true,
    authTime: someNumber,
    acr: 'aal1',
    answeredAt: someNumber,
  });
});

test('a batch answers each question as it would have been answered alone, in order, duplicates and all (INT-06)', async () => {
  const oneByOne = new Map<IntrospectionQuestion, unknown>();
  for (const question of questions) oneByOne.set(question, (await auth.authority.introspect([question]))[0]);
  const withoutTime = (answer: unknown) => (typeof answer === 'object' ? { ...answer, answeredAt: 0 } : answer);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...questions), { minLength: 1, maxLength: 128 }), async (batch) => {
      const answers = await auth.authority.introspect(batch);
      expect(answers.map(withoutTime)).toEqual(batch.map((question) => withoutTime(oneByOne.get(question))));
    }),
    { numRuns: 60 },
  );
});

test('an id that only begins as a living session’s is nobody’s, and one of another form takes nothing from those beside it', async () => {
  const [alive] = questions;
  if (alive === undefined) throw new Error('no questions');
  const [serial = '', random = ''] = alive.session.split('.');
  const others = [
    `${serial}.${random}x`,
    `${serial}.`,
    serial,
    `0${alive.session}`,
    `${serial.toUpperCase()}.${random.toUpperCase()}`,
    random,
    `-${alive.session}`,
    `{1,2}.${random}`,
    `zzzzzzzzzz.${random}`,
    `${'z'.repeat(60)}.${random}`,
    'null',
  ];
  const asked = [...others.map((session) => ({ ...alive, session })), alive];
  const answers = await auth.authority.introspect(asked);
  expect(answers.map(({ active }) => active)).toEqual([...others.map(() => false), true]);
});

test('no session is ever described by what another holds, not even by separators: such an answer fails as a whole', async () => {
  const reader = openIntrospectionReader({ databaseUrl: auth.preparation.databaseUrl, now: auth.now });
  const [alive] = questions;
  const { session } = await startSession(auth.authority, adaByPassword);
  if (alive === undefined) throw new Error('no questions');
  const holding = { ...alive, tokenId: 'of-the-holder', session: session.sid };
  const forged = { ...alive, tokenId: 'of-nobody', session: 'zz.forged' };
  // A second session of as many values as the first; the same with one less; and one more in the first.
  const second = ['aal1', 'low', forged.session, forged.subject, forged.client, '1', '', 'aal2'];
  for (const values of [second, second.slice(0, -1), ['aal1', 'low']]) {
    const set = 'UPDATE sessions SET acr = $1 WHERE sid = $2';
    await auth.operator.query(set, [values.join('\u001F'), session.sid]);
    const asked = reader.introspect([holding, forged, alive]).then((answers) => answers.map(({ active }) => active));
    await expect(asked).rejects.toThrow('in another form');
    await auth.operator.query(set, ['aal1', session.sid]);
    expect((await reader.introspect([holding, forged, alive])).map(({ active }) => active)).toEqual([
      true,
      false,
      true,
    ]);
  }
  await reader.close();
});

test('many batches at once on the one connection get their own answers', async () => {
  const alive = questions[0];
  const dead = questions[8];
  if (alive === undefined || dead === undefined) throw new Error('no questions');
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, index) => auth.authority.introspect([index % 3 === 0 ? dead : alive])),
  );
  expect(answers.flat().map(({ active }) => active)).toEqual(answers.map((_, index) => index % 3 !== 0));
});

test('when the connection is cut, what was under way rejects as a whole, and the next question is answered', async () => {
  const reader = openIntrospectionReader({ databaseUrl: auth.preparation.databaseUrl, now: auth.now });
  const [alive] = questions;
  if (alive === undefined) throw new Error('no questions');
  await reader.introspect([alive]);
  const lock = await auth.operator.connect();
  await lock.query('BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE');
  const underWay = Promise.allSettled([reader.introspect([alive]), reader.introspect(questions)]);
  await vi.waitFor(async () => {
    const cut = await auth.operator.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%second_factor_at%' AND pid <> pg_backend_pid()`,
    );
    expect(cut.rowCount).toBeGreaterThan(0);
  });
  expect((await underWay).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await lock.query('ROLLBACK');
  lock.release();
  expect((await reader.introspect([alive]))[0]?.active).toBe(true);
  await reader.close();
});

test('a database that does not answer is an outage within a second, never an inactive token', async () => {
  const { session } = await startSession(auth.authority, adaByPassword);
  const token = mintUserToken(auth.authority, session, { audience: 'auth', scope: ['account'] });
  const lock = await auth.operator.connect();
  await lock.query('BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE');
  const startedAt = performance.now();
  const response = await fetch(`${auth.issuer}/trpc/sessions.endOthers`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token.token}`, 'content-type': 'application/json' },
  });
  expect(response.status).toBe(503);
  expect(performance.now() - startedAt).toBeLessThan(1500);
  await lock.query('ROLLBACK');
  lock.release();
});
