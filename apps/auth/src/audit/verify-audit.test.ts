import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inTransaction, openDatabase } from '@sallyport/db';
import { asc, sql } from 'drizzle-orm';
import * as fc from 'fast-check';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { schema, transactionLimits, type AuthQueries } from '../database.ts';
import { changeRoles } from '../sign-in/roles.ts';
import { refusalOf } from '../testing/callers.ts';
import { runScript } from '../testing/run-command.ts';
import { ada, adaSeed, adaSubject, grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';
import { chainStart, hashOfRow, type AuditRow } from './audit-chain.ts';
import { auditLog } from './audit-tables.ts';
import { openCheckpointWriter } from './checkpoint-writer.ts';
import { openCheckpointKey, readCheckpointFile, type Checkpoint } from './checkpoints.ts';
import { recordAudit } from './record-audit.ts';
import { verifyAuditLog, type AuditVerdict } from './verify-audit-log.ts';

let auth: RunningAuthority;
let folder: string;
let file: string;
let checkpoints: readonly Checkpoint[];
let original: readonly AuditRow[];

const rows = 24;
/** A checkpoint stands at each of these. */
const signedAt = [8, 20];

const rowsOf = (queries: AuthQueries) => queries.select().from(auditLog).orderBy(asc(auditLog.position));
const keyOf = (issuer = auth.issuer) => openCheckpointKey(auth.preparation.keyEncryptionKey, issuer);
const openWriter = (path = file) => openCheckpointWriter({ ...auth.authority, key: keyOf(), path });

async function recordUpTo(last: number): Promise<void> {
  const told = (index: number) => ({ action: 'roles.changed', actor: 'authority', because: `row ${index}` }) as const;
  for (let reached = (await rowsOf(auth.authority.database)).length; reached < last; reached += 1)
    await inTransaction(auth.authority.database, transactionLimits, (one) => recordAudit(one, told(reached + 1)));
}

beforeAll(async () => {
  auth = await runAuthority();
  folder = await mkdtemp(join(tmpdir(), 'sallyport-audit-'));
  file = join(folder, 'checkpoints');
  const writer = await openWriter();
  for (const last of signedAt) {
    await recordUpTo(last);
    await writer.write();
    // Nothing new, so nothing is signed.
    await writer.write();
  }
  await writer.close();
  await recordUpTo(rows);
  checkpoints = await readCheckpointFile(keyOf(), file);
  original = await rowsOf(auth.authority.database);
});
afterAll(async () => {
  await auth.close();
  await rm(folder, { recursive: true });
});

class Undone extends Error {}

/** Does it as somebody who may do everything with the database, looks, and undoes it. */
async function tampered<Seen>(
  tamper: (queries: AuthQueries) => Promise<unknown>,
  look: (queries: AuthQueries) => Promise<Seen>,
) {
  let seen: Seen | undefined;
  await inTransaction(openDatabase(auth.operator, schema), transactionLimits, async (queries) => {
    await tamper(queries);
    seen = await look(queries);
    throw new Undone();
  }).catch((error: unknown) => {
    if (!(error instanceof Undone)) throw error;
  });
  if (seen === undefined) throw new Error('Nobody looked.');
  return seen;
}

type Tamper = (queries: AuthQueries) => Promise<unknown>;

const changeEntry =
  (at: number): Tamper =>
  (queries) =>
    queries.execute(sql`UPDATE audit_log SET entry = replace(entry, 'row', 'roW') WHERE position = ${at}`);
const changeTime =
  (at: number): Tamper =>
  (queries) =>
    queries.execute(sql`UPDATE audit_log SET recorded_at = recorded_at + interval '1 ms' WHERE position = ${at}`);
const changeHash =
  (at: number): Tamper =>
  (queries) =>
    queries.execute(sql`UPDATE audit_log SET hash = sha256(hash) WHERE position = ${at}`);
const remove =
  (at: number): Tamper =>
  (queries) =>
    queries.execute(sql`DELETE FROM audit_log WHERE position = ${at}`);
const swap =
  (one: number, other: number): Tamper =>
  async (queries) => {
    const move = (from: number, to: number) =>
      queries.execute(sql`UPDATE audit_log SET position = ${to} WHERE position = ${from}`);
    await move(one, 1000);
    await move(other, one);
    await move(1000, other);
  };
const invent =
  (at: number): Tamper =>
  (queries) =>
    queries.execute(sql`INSERT INTO audit_log (position, recorded_at, entry, hash)
    SELECT ${at}, recorded_at, entry, hash FROM audit_log ORDER BY position LIMIT 1 ON CONFLICT DO NOTHING`);

const place = fc.integer({ min: 1, max: rows });
const tampers = fc.array(
  fc.oneof(
    ...[changeEntry, changeTime, changeHash, remove].map((kind) => place.map(kind)),
    fc.tuple(place, place).map(([one, other]) => swap(one, other)),
    fc.constantFrom(-3, 0, rows + 1, rows + 7).map(invent),
  ),
  { minLength: 1, maxLength: 4 },
);

/** The first place where the rows are not the original ones. */
function firstDifference(found: readonly AuditRow[]): number | undefined {
  const beforeStart = found.find(({ position }) => position < 1);
  if (beforeStart !== undefined) return beforeStart.position;
  const text = (row: AuditRow | undefined) => JSON.stringify(row);
  const at = original.findIndex((row) => text(row) !== text(found.find(({ position }) => position === row.position)));
  if (at >= 0) return at + 1;
  return found.length > original.length ? rows + 1 : undefined;
}

const badAt = ({ intact, ...verdict }: AuditVerdict) =>
  intact || !('firstBad' in verdict) ? undefined : verdict.firstBad.position;

test('P6: whatever is changed, removed, swapped or invented, the first such row is named; what is as it was is intact', async () => {
  await fc.assert(
    fc.asyncProperty(tampers, async (all) => {
      const doAll: Tamper = async (queries) => {
        for (const tamper of all) await tamper(queries);
      };
      const [named, different] = await tampered(doAll, async (queries) => [
        badAt(await verifyAuditLog(queries)),
        firstDifference(await rowsOf(queries)),
      ]);
      expect(named).toBe(different);
    }),
    { numRuns: 80 },
  );
});

const endAt =
  (position: number): Tamper =>
  (queries) =>
    queries.execute(sql`UPDATE audit_tip SET last_position = ${position},
    last_hash = coalesce((SELECT hash FROM audit_log WHERE position = ${position}), last_hash)`);

/** Cuts the end off, and leaves no trace of it in the database. */
const cutAfter =
  (last: number): Tamper =>
  async (queries) => {
    await queries.execute(sql`DELETE FROM audit_log WHERE position > ${last}`);
    await endAt(last)(queries);
  };

/** Changes a row, and computes every hash after it, and the end, anew. */
const rewriteFrom =
  (at: number): Tamper =>
  async (queries) => {
    await changeTime(at)(queries);
    let before = chainStart.hash;
    for (const row of await rowsOf(queries)) {
      before = hashOfRow(before, row);
      await queries.execute(sql`UPDATE audit_log SET hash = ${before} WHERE position = ${row.position}`);
    }
    await endAt(rows)(queries);
  };

test('P6: a cut tail is found, also when the end of the log was moved: by a checkpoint, if one was signed after it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: rows - 1 }), async (last) => {
      const remains: Tamper = (queries) => queries.execute(sql`DELETE FROM audit_log WHERE position > ${last}`);
      expect(badAt(await tampered(remains, verifyAuditLog))).toBe(last + 1);
      const named = await tampered(cutAfter(last), (queries) => verifyAuditLog(queries, { checkpoints }));
      expect(badAt(named)).toBe(last < 20 ? last + 1 : undefined);
    }),
    { numRuns: 12 },
  );
});

test('P6: a change whose hashes were all computed anew is found by the next checkpoint, and placed after the one before', async () => {
  await fc.assert(
    fc.asyncProperty(place, async (at) => {
      const named = await tampered(rewriteFrom(at), (queries) => verifyAuditLog(queries, { checkpoints }));
      const vouchedFor = [0, ...signedAt].findLast((signed) => signed < at) ?? 0;
      expect(badAt(named)).toBe(at <= 20 ? vouchedFor + 1 : undefined);
    }),
    { numRuns: 12 },
  );
});

test('a column that was cut loose from its entry, and a log without its end, are found', async () => {
  const loosen: Tamper = async (queries) => {
    await queries.execute(sql`ALTER TABLE audit_log ALTER COLUMN actor DROP EXPRESSION`);
    await queries.execute(sql`UPDATE audit_log SET actor = 'subject:somebody-else' WHERE position = 5`);
  };
  expect(badAt(await tampered(loosen, verifyAuditLog))).toBe(5);
  expect(badAt(await tampered((queries) => queries.execute(sql`DELETE FROM audit_tip`), verifyAuditLog))).toBe(1);
  const another: Tamper = (queries) => queries.execute(sql`UPDATE audit_tip SET last_hash = sha256(last_hash)`);
  expect(badAt(await tampered(another, verifyAuditLog))).toBe(rows);
});

test('a log that was changed is never signed, also by a process that starts later; the log of the process says which row', async () => {
  const copy = join(folder, 'copy');
  await writeFile(copy, await readFile(file));
  await auth.operator.query(`UPDATE audit_log SET entry = replace(entry, 'row', 'roW') WHERE position = 22`);
  const writer = await openWriter(copy);
  await writer.close();
  await auth.operator.query(`UPDATE audit_log SET entry = replace(entry, 'roW', 'row') WHERE position = 22`);
  expect(await readFile(copy, 'utf8')).toBe(await readFile(file, 'utf8'));
  expect(auth.logLines.some((line) => line.includes('"position":22') && line.includes('no checkpoint'))).toBe(true);
  const again = await openWriter(copy);
  await again.close();
  expect((await readCheckpointFile(keyOf(), copy)).at(-1)).toMatchObject({ position: rows });
});

test('a checkpoint is good for nothing else, and nothing else is a checkpoint (JWT-13)', async () => {
  const [line = ''] = (await readFile(file, 'utf8')).split('\n');
  expect(await refusalOf(auth.as(line).sessions.list.query())).toMatchObject({ status: 401 });
  const { accessTokens } = await auth.as().signIn.mutate(grace);
  const path = join(folder, 'no-checkpoint');
  const [head, body, signature = ''] = line.split('.');
  const flipped = `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
  const otherKind = await new SignJWT({ position: 8, hash: 'A'.repeat(43) })
    .setProtectedHeader({ alg: 'Ed25519', typ: 'at+jwt' })
    .setIssuer(auth.issuer)
    .setIssuedAt()
    .sign(keyOf().privateKey);
  for (const text of [accessTokens['catalog']?.token ?? '', otherKind, flipped, 'x', '']) {
    await writeFile(path, `${line}\n${text}\n`);
    await expect(readCheckpointFile(keyOf(), path)).rejects.toThrow(/line 2 .* is no checkpoint/);
  }
  await expect(readCheckpointFile(keyOf('https://elsewhere.example'), file)).rejects.toThrow(/another issuer/);
  await expect(readCheckpointFile(openCheckpointKey(Buffer.alloc(32), auth.issuer), file)).rejects.toThrow(
    /not signed/,
  );
  // A process that died while it wrote leaves half a line.
  await writeFile(path, `${line}\n${line.slice(0, 40)}`);
  expect(await readCheckpointFile(keyOf(), path)).toHaveLength(1);
});

test('what cannot be written to the audit log does not happen, and the answer is 503', async () => {
  const { session, refreshToken } = await auth.as().signIn.mutate(ada);
  const revoke = 'REVOKE EXECUTE ON FUNCTION record_audit FROM sallyport_auth';
  await auth.operator.query(revoke);
  const code = auth.codeOf(adaSeed);
  const outage = { status: 503 };
  expect(await refusalOf(auth.as().stepUp.mutate({ refreshToken, code }))).toMatchObject(outage);
  expect(await refusalOf(auth.as().signIn.mutate(grace))).toMatchObject(outage);
  expect(await refusalOf(auth.as().signOut.mutate({ refreshToken }))).toMatchObject(outage);
  expect((await auth.post('/oauth/revoke', { client_id: 'web', token: refreshToken })).status).toBe(503);
  const change = { subject: adaSubject, audience: 'catalog', roles: ['curator'], because: 'test' };
  await expect(changeRoles(auth.authority, change)).rejects.toThrow('The audit log took no entry.');
  await auth.operator.query(revoke.replace('REVOKE', 'GRANT').replace('FROM', 'TO'));
  // Nothing of all that has happened: the code is not spent, the session is what it was.
  const { rows: found } = await auth.operator.query('SELECT acr, ended_at FROM sessions WHERE sid = $1', [session.id]);
  expect(found).toEqual([{ acr: 'aal1', ended_at: null }]);
  expect((await auth.as().stepUp.mutate({ refreshToken, code })).session.acr).toBe('aal2');
});

test('verify-audit says what it found, in words or in JSON, and by its exit code', async () => {
  const settings = {
    DATABASE_URL: auth.preparation.databaseUrl,
    ISSUER: auth.issuer,
    KEY_ENCRYPTION_KEY: Buffer.from(auth.preparation.keyEncryptionKey).toString('base64url'),
  };
  const command = (...options: string[]) => runScript('verify-audit.ts', settings, options);
  const intact = await command(file);
  expect(intact.stdout).toMatch(/^All \d+ rows .* 2 checkpoints agree, the newest at row 20/);
  expect(intact.code).toBe(0);
  await auth.operator.query(`UPDATE audit_log SET entry = replace(entry, 'row', 'roW') WHERE position = 11`);
  const [bad, noFile] = await Promise.all([command('--json', file), command('nowhere')]);
  await auth.operator.query(`UPDATE audit_log SET entry = replace(entry, 'roW', 'row') WHERE position = 11`);
  expect(bad.code).toBe(1);
  expect(JSON.parse(bad.stdout)).toMatchObject({ intact: false, position: 11, lastGood: 10 });
  expect(noFile.code).toBe(2);
});
