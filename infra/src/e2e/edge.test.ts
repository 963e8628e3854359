import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bearing } from '../device.ts';
import { type ServiceName, serviceNames } from '../service-process.ts';
import type { TemporarySystem } from '../temporary-system.ts';
import { forgedMark, insiderHeaders } from '../testing/insider-headers.ts';
import { newPerson, someAgreement, type Person } from '../testing/person.ts';
import { sendBytes, sendLines, type HeaderLines } from '../testing/raw-http.ts';
import { smugglings } from '../testing/smuggled-requests.ts';
import { startTestSystem } from '../testing/system.ts';

let system: TemporarySystem;
let ann: Person;
let ben: Person;

beforeAll(async () => {
  system = await startTestSystem();
  ann = await newPerson(system.urls);
  ben = await newPerson(system.urls);
});

afterAll(() => system.close());

let marks = 0;
const newMark = () => `mark-${(marks += 1)}-x`;

/** The paths that a service has answered by now. It writes its lines in order: the one of a last request stands behind all of them. */
async function pathsAnswered(name: ServiceName): Promise<readonly string[]> {
  const last = `/trpc/${newMark()}`;
  await fetch(`${system.urls[name]}${last}`);
  for (;;) {
    const paths = system.log.lines
      .filter(({ service }) => service === name)
      .map(({ record }) => String(record?.['path']));
    if (paths.includes(last)) return paths;
    await wait(10);
  }
}

describe.each(serviceNames)('%s', (name) => {
  test('a request hidden in another is never answered (SMG-01)', async () => {
    const sent = await Promise.all(
      smugglings.map(async ({ name: kind, bytes }) => {
        const path = `/trpc/${newMark()}`;
        const hidden = `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`;
        const answers = (await sendBytes(system.urls[name], bytes(hidden))).match(/HTTP\/1\.1 (?!100)\d{3}/g) ?? [];
        return { kind, path, answers };
      }),
    );
    const paths = await pathsAnswered(name);
    expect(sent.filter(({ path, answers }) => paths.includes(path) || answers.length > 1)).toEqual([]);
  });

  test('a request behind another, said plainly, is seen by the test above', async () => {
    const path = `/trpc/${newMark()}`;
    const plain = (of: string) => `GET ${of} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const answers = await sendBytes(system.urls[name], plain('/trpc/nothing') + plain(path));
    expect(answers.match(/HTTP\/1\.1 404/g)).toHaveLength(2);
    expect(await pathsAnswered(name)).toContain(path);
  });

  test('headers that only insiders could mean make nobody somebody, and nobody somebody else (OSB-15, HDR-01)', async () => {
    const url = `${system.urls[name]}/trpc/${own[name]}`;
    const { subject } = (await ann.device.tokens()).session;
    const bearer: HeaderLines = [['authorization', bearing(await ann.device.tokens(), name).authorization]];
    const alone = await sendLines(url, { lines: bearer });
    expect(alone.status).toBe(200);

    const traces: string[] = [];
    for (const forged of insiderHeaders((await ben.device.tokens()).session.subject)) {
      expect(await sendLines(url, { lines: forged })).toMatchObject({ status: 401 });
      for (const lines of [
        [...forged, ...bearer],
        [...bearer, ...forged],
      ]) {
        const { traceId, ...answer } = await sendLines(url, { lines });
        expect(answer).toEqual({ status: alone.status, text: alone.text });
        traces.push(traceId);
      }
    }

    await pathsAnswered(name);
    const records = system.log.lines.flatMap(({ record }) => record ?? []);
    for (const trace of traces) {
      expect(records.find(({ traceId }) => traceId === trace)).toMatchObject({ outcome: 'admitted', subject });
      // Who is asking is who is connected, and what was asked is what stood in the first line.
      const asked = { client: '127.0.0.1', path: `/trpc/${own[name]}`, method: 'GET', status: 200 };
      expect(records.find((record) => record['trace'] === trace)).toMatchObject(asked);
    }
    expect(system.log.lines.filter(({ text }) => text.includes(forgedMark))).toEqual([]);
  });

  test('a credential anywhere but in Authorization is none (OSB-15)', async () => {
    const { authorization } = bearing(await ann.device.tokens(), name);
    const token = authorization.replace('Bearer ', '');
    const elsewhere: HeaderLines = [
      'proxy-authorization',
      'x-authorization',
      'x-forwarded-authorization',
      'authorization_',
      'x-access-token',
    ].map((header) => [header, authorization] as const);
    const lines: HeaderLines = [
      ...elsewhere,
      ['cookie', `access_token=${token}; authorization=${authorization}; session=${token}`],
    ];
    const url = `${system.urls[name]}/trpc/${own[name]}?access_token=${token}`;
    expect(await sendLines(url, { lines })).toMatchObject({ status: 401 });
    expect(await sendLines(url, { lines: [['txn-token', token]] })).toMatchObject({ status: 401 });
    expect(
      await sendLines(url, {
        lines: [
          ['authorization', authorization],
          ['Authorization', authorization],
        ],
      }),
    ).toMatchObject({ status: 400 });
  });
});

/** A read of each service that answers with what is the caller's own. */
const own = { auth: 'sessions.list', catalog: 'products.mine', payments: 'statement' } as const;

test('no header makes a person a service of the house: what services ask stays closed (HDR-01)', async () => {
  const { session } = await ann.device.tokens();
  const { authorization } = bearing(await ann.device.tokens(), 'auth');
  const question = { tokenId: 'x'.repeat(16), session: session.id, subject: session.subject, client: 'web' };
  const input = encodeURIComponent(JSON.stringify({ questions: [question] }));
  for (const path of [`internal.introspect?input=${input}`, 'internal.policy', 'internal.position']) {
    const url = `${system.urls.auth}/trpc/${path}`;
    for (const forged of insiderHeaders('payments')) {
      expect(await sendLines(url, { lines: [['authorization', authorization], ...forged] })).toMatchObject({
        status: 403,
      });
      expect(await sendLines(url, { lines: forged })).toMatchObject({ status: 401 });
    }
  }
});

test('a header changes no method: a payment is not carried out by an address that is followed', async () => {
  const agreement = await someAgreement(ann.device);
  const before = await ann.device.client.payments.balance.query();
  const url = `${system.urls.payments}/trpc/pay?input=${encodeURIComponent(JSON.stringify(agreement))}`;
  for (const forged of insiderHeaders('x')) {
    const lines: HeaderLines = [
      ...forged.map(([name]) => [name, 'POST'] as const),
      ['authorization', bearing(await ann.device.tokens(), 'payments').authorization],
      ['idempotency-key', 'by-address'],
    ];
    expect(await sendLines(url, { lines })).toMatchObject({ status: 405 });
  }
  expect(await ann.device.client.payments.balance.query()).toEqual(before);
});
