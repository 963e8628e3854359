import { freePorts } from '@sallyport/infra/free-ports';
import { startService } from '@sallyport/infra/service-process';
import pg from 'pg';
import { z } from 'zod';
import { fullBatch, startAskedAuthority } from '../asked-authority.ts';
import type { Figure, Reading, Readings, Run } from '../figure.ts';
import type { LoadRequest } from '../load-generator.ts';
import { startMeasured } from '../measured-process.ts';
import { processListeningAt, residentBytes } from '../processor-use.ts';
import type { Showing } from '../programs/token-signer.ts';
import { spreadOf } from '../statistics.ts';

const mebibyte = 1024 * 1024;
const million = 1_000_000;
const parts = 50;

export const memory: Figure = {
  id: 'B11',
  title: 'What a million distinct tokens leave in a verifier’s memory, and a live session in the authority’s',
  seconds: { quick: 7, full: 150 },
  open,
};

async function open(run: Run): Promise<Readings> {
  const signer = await startMeasured({ program: 'token-signer.ts', launcher: run.pinning.rest });
  const verifier = await startVerifier(run, signer.url);
  const show: Show = (showing) => signer.order<number>('show', { ...showing, url: verifier.url });
  return {
    kind: 'readings',
    notes: [
      `${distinct(run).toLocaleString('en')} tokens, really signed by another process, each shown once to catalog's own gates, 64 at a time. The process is at work before: a thousand tokens were shown ${steadyCount(run).toLocaleString('en')} times. Resident memory as it stands, no collection asked for, looked at ${parts} times in each part; the largest counts. What is in use then is the heap after the one collection that was asked for, at the end.${run.quick ? ' The goal is of a million tokens, so a quick run does not judge it.' : ''}`,
      `Catalog keeps what it verified from a token's second sight on. So ${returning(run).toLocaleString('en')} more were each shown three times: they fill its cache, as the tokens of people who stay do.`,
      run.quick
        ? 'A quick run does not weigh the authority.'
        : `The authority keeps nothing of a session in its process: ${sessions.toLocaleString('en')} live ones were written to its database and each was asked about; it collected its garbage twice a second; a difference of a few MiB is V8's, either way. A session's bytes are its row and its places in the indexes.`,
    ],
    read: async () => [
      ...(await readVerifier(run, verifier, show)),
      ...(run.quick ? [] : await readAuthority(run, sessions)),
    ],
    close: async () => {
      await Promise.all([verifier.stop(), signer.stop()]);
    },
  };
}

const distinct = (run: Run) => (run.quick ? 10_000 : million);
const sessions = 50_000;
const steadyCount = (run: Run) => (run.quick ? 20_000 : 200_000);
const returning = (run: Run) => (run.quick ? 5000 : 50_000);

const resident = z.object({ residentBytes: z.number() });
const inUse = z.object({ heapBytes: z.number() });

async function startVerifier(run: Run, issuer: string) {
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const env = { PORT: String(port), ISSUER: issuer, LOG_LEVEL: 'info', NODE_OPTIONS: '--expose-gc' };
  const program = 'src/measured/verifier.ts';
  const launcher = run.pinning.measuredService;
  const { stop } = await startService({ name: 'catalog', url, env, launcher, program });
  const read = async (path: string): Promise<unknown> => (await fetch(`${url}${path}`)).json();
  return {
    url,
    residentBytes: async () => resident.parse(await read('/memory')).residentBytes,
    /** After a collection. */
    heapBytes: async () => inUse.parse(await read('/memory-in-use')).heapBytes,
    stop,
  };
}

type Verifier = Pick<Awaited<ReturnType<typeof startVerifier>>, 'residentBytes' | 'heapBytes'>;
type Show = (showing: Omit<Showing, 'url'>) => Promise<number>;

async function readVerifier(run: Run, verifier: Verifier, show: Show): Promise<readonly Reading[]> {
  const startedBytes = await verifier.residentBytes();
  /** The most that it had, looked at each time that so many were shown. */
  const largestWhile = async (showing: Omit<Showing, 'url'>): Promise<number> => {
    const looks: number[] = [];
    while (looks.length < parts) {
      const count = showing.count / parts;
      if ((await show({ ...showing, count })) !== count * (showing.times ?? 1))
        throw new Error('A good token was refused.');
      looks.push(await verifier.residentBytes());
    }
    run.progress(`it has ${looks.map((bytes) => Math.round(bytes / mebibyte)).join(', ')} MiB`);
    return Math.max(...looks);
  };
  const steadyBytes = await largestWhile({ count: steadyCount(run), steady: true });
  const onceBytes = await largestWhile({ count: distinct(run) });
  const againBytes = await largestWhile({ count: returning(run), times: 3 });
  // Last: it asks for a collection, after which memory would look smaller than it is.
  const heapBytes = await verifier.heapBytes();
  return [
    { name: 'verifier: when it started', ...mebibytes(startedBytes) },
    { name: 'verifier: at work, before the first distinct token', ...mebibytes(steadyBytes) },
    // The goal is of a million: fewer end before memory has reached its level, and would meet it by that.
    {
      name: 'verifier: growth, largest',
      ...mebibytes(onceBytes - steadyBytes),
      ...(!run.quick && { bound: { atMost: 64 } }),
    },
    { name: 'verifier: growth when each comes three times, largest', ...mebibytes(againBytes - steadyBytes) },
    { name: 'verifier: what is in use then', ...mebibytes(heapBytes) },
  ];
}

function mebibytes(bytes: number): Pick<Reading, 'value' | 'unit'> {
  return { value: bytes / mebibyte, unit: 'MiB' };
}

async function readAuthority(run: Run, count: number): Promise<readonly Reading[]> {
  const authority = await startAskedAuthority(
    run,
    { count, known: count },
    {
      programs: { auth: 'src/measured/collecting.ts' },
      extraSettings: { auth: { NODE_OPTIONS: '--expose-gc' } },
    },
  );
  const { url } = authority;
  const pid = processListeningAt(url);
  const generator = await run.load();
  const requests = await authority.requests(fullBatch);
  /** What it has while it is asked again and again. It collects its garbage twice a second. */
  const settled = async (asked: readonly LoadRequest[]): Promise<number> => {
    const seen: number[] = [];
    for (let turn = 0; turn < 10; turn += 1) {
      const load = { url, connections: 2, containing: '"active":true', forMs: 1000 };
      await generator.send({ ...load, requests: asked });
      seen.push(residentBytes(pid) ?? NaN);
    }
    run.progress(`the authority has ${seen.map((bytes) => Math.round(bytes / mebibyte)).join(', ')} MiB`);
    return spreadOf(seen.slice(-3)).median;
  };
  const askedAboutFew = await settled(requests.slice(0, 20));
  const grownBytes = (await settled(requests)) - askedAboutFew;
  const stored = await tableBytes(authority.databaseUrl);
  await authority.close();
  return [
    { name: 'authority: its process, per live session', value: Math.max(0, grownBytes) / count, unit: 'bytes' },
    { name: 'authority: its database, per live session', value: stored / count, unit: 'bytes' },
  ];
}

/** With indexes and all. */
async function tableBytes(databaseUrl: string): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ bytes: string }>(`SELECT pg_total_relation_size('auth.sessions') AS bytes`);
  await client.end();
  return Number(rows[0]?.bytes);
}
