import { eq, inArray, sql } from 'drizzle-orm';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { riskLevels } from '../risk/risk-rules.ts';
import { accounts, clients, cutOffs, restrictions, revokedTokens, sessions, totpFactors } from '../schema.ts';
import { isLive } from '../sign-in/live-session.ts';
import { startSession, type Session } from '../sign-in/sessions.ts';
import { someNumber } from '../testing/expected.ts';
import { adaSubject, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { adaByPassword } from '../testing/sign-ins.ts';

// Introspection asks about several sessions in one statement of its own; about one alone, and at a refresh, it is asked by `isLive`. All must
// mean the same, whatever state the database is in.

let auth: RunningAuthority;
const begun: Session[] = [];

beforeAll(async () => {
  auth = await runAuthority();
  const { rows } = await auth.operator.query<{ subject: string }>('SELECT subject FROM accounts ORDER BY subject');
  const people = rows.map(({ subject }) => subject);
  for (const subject of people)
    for (let count = 0; count < 3; count += 1)
      begun.push((await startSession(auth.authority, { ...adaByPassword, subject })).session);
});
afterAll(() => auth.close());

const serials = fc.integer({ min: -2, max: 12 });
// More often than not alive: what is asked about the others says little.
const aroundNow = fc.constantFrom(-3600, -1, 1, 3600, 7000, 7000, 7000);
const perhaps = fc.option(serials, { freq: 1 });
const fates = fc.record({
  ended: fc.boolean(),
  idle: aroundNow,
  absolute: aroundNow,
  started: aroundNow,
  risk: fc.constantFrom(...riskLevels),
  secondFactor: fc.boolean(),
});
const worlds = fc.record({
  sessions: fc.array(fates, { minLength: 12, maxLength: 12 }),
  revoked: fc.subarray([0, 1, 2, 3]),
  /** Whose role is written down, and who has a second factor. */
  curators: fc.subarray([0, 1, 2]),
  careful: fc.subarray([0, 1, 2]),
  disabled: fc.subarray([0, 1, 2]),
  clientEnabled: fc.boolean(),
  cutOffs: fc.record({ subject: perhaps, client: perhaps, everyone: perhaps }),
  sessionSeconds: fc.option(fc.constantFrom(1800, 7200)),
});
type World = typeof worlds extends fc.Arbitrary<infer Value> ? Value : never;

/** What a world of chance may never show: all are alive and looked at with every suspicion, one person is a curator, and one token is revoked. */
const telling: World = {
  sessions: riskLevels.flatMap((risk) =>
    Array.from({ length: 4 }, () => ({
      ended: false,
      idle: 7000,
      absolute: 7000,
      started: 7000,
      risk,
      secondFactor: true,
    })),
  ),
  revoked: [0],
  curators: [0],
  careful: [0, 1, 2],
  disabled: [],
  clientEnabled: true,
  cutOffs: { subject: null, client: null, everyone: null },
  sessionSeconds: null,
};

test('a session is active exactly when a refresh would find it alive', async () => {
  const { database, introspect } = auth.authority;
  const outcomes = new Set<boolean>();
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      await become(world);
      const at = new Date(auth.now());
      const rows = await database.select({ sid: sessions.sid }).from(sessions).where(isLive(at));
      const alive = new Set(rows.map(({ sid }) => sid));
      const answers = await introspect(begun.map(questionAbout));
      const expected = begun.map(({ sid }, index) => alive.has(sid) && !world.revoked.includes(index));
      expect(answers.map(({ active }) => active)).toEqual(expected);
      for (const active of expected) outcomes.add(active);
    }),
    { numRuns: 150 },
  );
  expect(outcomes.size).toBe(2);
});

test('a question alone is answered as it is among others, with roles and what a suspicion asks for', async () => {
  const { introspect } = auth.authority;
  const seen = new Set<string>();
  const askers = [{ audience: 'catalog' }, { client: 'catalog' }, { client: 'nobody' }, undefined];
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      await become(world);
      const questions = begun.map(questionAbout);
      for (const asker of askers) {
        const together = await introspect(questions, asker);
        const alone = await Promise.all(questions.map((question) => introspect([question], asker)));
        const expected = together.map((answer) => (answer.active ? { ...answer, answeredAt: someNumber } : answer));
        expect(alone.flat()).toEqual(expected);
        for (const answer of together)
          for (const [name, value] of Object.entries(answer)) seen.add(`${name} ${JSON.stringify(value)}`);
      }
    }),
    { numRuns: 60, examples: [[telling]] },
  );
  for (const shown of ['roles ["curator"]', 'roles []', 'secondFactorWithinSeconds 60', 'active false'])
    expect(seen).toContain(shown);
});

const questionAbout = ({ sid, subject, clientId }: Session) => ({
  tokenId: `t.${sid}`,
  session: sid,
  subject,
  client: clientId,
});

async function become(world: World): Promise<void> {
  const { database } = auth.authority;
  const at = auth.now();
  const moment = (seconds: number) => new Date(at + seconds * 1000 + 30_000);
  for (const [index, { serial }] of begun.entries()) {
    const fate = world.sessions[index % world.sessions.length];
    if (fate === undefined) throw new Error('every session has a fate');
    const times = { idleExpiresAt: moment(fate.idle), absoluteExpiresAt: moment(fate.absolute) };
    const started = { startedAt: moment(fate.started - 3600) };
    const ended = { endedAt: fate.ended ? new Date(at) : null };
    const shown = { riskLevel: fate.risk, secondFactorAt: fate.secondFactor ? new Date(at) : null };
    await database
      .update(sessions)
      .set({ ...times, ...started, ...ended, ...shown })
      .where(eq(sessions.serial, serial));
  }
  const people = [...new Set(begun.map(({ subject }) => subject))];
  const disabled = people.filter((_, index) => world.disabled.includes(index));
  await database.update(accounts).set({ enabled: sql`NOT ${inArray(accounts.subject, [...disabled, 'nobody'])}` });
  await database.update(accounts).set({ roles: {} });
  await database.delete(totpFactors);
  await database.delete(revokedTokens);
  for (const [index, subject] of people.entries()) {
    if (world.curators.includes(index))
      await database
        .update(accounts)
        .set({ roles: { catalog: ['curator'] } })
        .where(eq(accounts.subject, subject));
    if (world.careful.includes(index))
      await database.insert(totpFactors).values({ subject, sealedSeed: '', confirmedAt: new Date(at) });
  }
  for (const index of world.revoked)
    await database
      .insert(revokedTokens)
      .values({ tokenId: `t.${begun[index]?.sid}`, expiresAt: new Date(at), revokedAt: new Date(at) });
  await database.update(clients).set({ enabled: world.clientEnabled }).where(eq(clients.clientId, 'web'));
  await database.update(restrictions).set({ sessionSeconds: world.sessionSeconds });
  await auth.operator.query('DELETE FROM cut_offs');
  const first = begun[0]?.serial ?? 0;
  const names = { subject: adaSubject, client: 'web', everyone: '' };
  for (const kind of ['subject', 'client', 'everyone'] as const) {
    const upTo = world.cutOffs[kind];
    if (upTo === null) continue;
    await database.insert(cutOffs).values({ kind, name: names[kind], upToSerial: first + upTo, setAt: new Date(at) });
  }
}
