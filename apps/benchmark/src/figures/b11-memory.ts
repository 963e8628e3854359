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
const parts = 20;

export const memory: Figure = {
  id: 'B11',
  title: 'What a million distinct tokens leave in a verifier’s memory, and a live session in the authority’s',
  seconds: { quick: 20, full: 160 },
  open,
};

async function open(run: Run): Promise<Readings> {
  const tokens = run.quick ? 10_000 : million;
  const signer = await startMeasured({ program: 'token-signer.ts', launcher: run.pinning.rest });
  const verifier = await startVerifier(run, signer.url);
  const show = (showing: Omit<Showing, 'url'>) => signer.order<number>('show', { ...showing, url: verifier.url });
  return {
    kind: 'readings',
    notes: [
      `${tokens.toLocaleString('en')} tokens, really signed by another process, shown to catalog's own gates, 64 at a time. The process is at work before: a tenth as many tokens, whose signatures do not hold, were refused, which leaves nothing but what V8 and the allocator took for the work itself. Resident memory after a collection, against what it was then; the cache of what was verified is part of the growth. Looked at ${parts} times; the largest counts. What is in use soon stays as it is; the rest is pages that V8 and the allocator keep.${run.quick ? ' The goal is of a million tokens, so a quick run does not judge it.' : ''}`,
      run.quick
        ? 'A quick run does not weigh the authority.'
        : `The authority keeps nothing of a session in its process: ${sessions.toLocaleString('en')} live ones were written to its database and each was asked about; it collected its garbage twice a second; a difference of a few MiB is V8's, either way. A session's bytes are its row and its places in the indexes.`,
    ],
    read: async () => [
      ...(await readVerifier(run, { tokens, show, weigh: verifier.weigh })),
      ...(run.quick ? [] : await readAuthority(run, sessions)),
    ],
    close: async () => {
      await Promise.all([verifier.stop(), signer.stop()]);
    },
  };
}

const sessions = 100_000;

const weight = z.object({ residentBytes: z.number(), heapBytes: z.number() });
type Weight = z.output<typeof weight>;

async function startVerifier(run: Run, issuer: string) {
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  // The young generation has one size, or it would grow and shrink by tens of megabytes as V8 sees fit.
  const flags = '--expose-gc --max-semi-space-size=16';
  const env = { PORT: String(port), ISSUER: issuer, LOG_LEVEL: 'info', NODE_OPTIONS: flags };
  const program = 'src/measured/verifier.ts';
  const launcher = run.pinning.measuredService;
  const { stop } = await startService({ name: 'catalog', url, env, launcher, program });
  const weigh = async () => weight.parse(await (await fetch(`${url}/memory`)).json());
  return { url, weigh, stop };
}

type Weighing = Readonly<{
  tokens: number;
  show: (showing: Omit<Showing, 'url'>) => Promise<number>;
  weigh: () => Promise<Weight>;
}>;

async function readVerifier(run: Run, { tokens, show, weigh }: Weighing): Promise<readonly Reading[]> {
  const started = await weigh();
  // At work: as many signatures were checked as in two of its parts, of tokens of which nothing is kept.
  const warmUp = run.quick ? tokens : million / 10;
  if ((await show({ count: warmUp, refused: true })) !== 0) throw new Error('A token of nobody was admitted.');
  if ((await show({ count: 100 })) !== 100) throw new Error('A good token was refused.');
  const before = await weigh();
  const grown: Weight[] = [];
  for (let part = 1; part <= parts; part += 1) {
    const count = tokens / parts;
    if ((await show({ count })) !== count) throw new Error('A good token was refused.');
    const { residentBytes: resident, heapBytes: heap } = await weigh();
    grown.push({ residentBytes: resident - before.residentBytes, heapBytes: heap - before.heapBytes });
    run.progress(`${part * count} tokens, ${Math.round((grown.at(-1)?.residentBytes ?? NaN) / mebibyte)} MiB more`);
  }
  return [
    { name: 'verifier: when it started', value: started.residentBytes / mebibyte, unit: 'MiB' },
    {
      name: 'verifier: at work, before the first token that is kept',
      value: before.residentBytes / mebibyte,
      unit: 'MiB',
    },
    // The goal is of a million: fewer end before memory has reached its level, and would meet it by that.
    {
      name: 'verifier: growth, largest',
      ...largest(grown, 'residentBytes'),
      ...(tokens === million && { bound: { atMost: 64 } }),
    },
    { name: 'verifier: growth of what is in use, largest', ...largest(grown, 'heapBytes') },
  ];
}

function largest(grown: readonly Weight[], which: keyof Weight): Pick<Reading, 'value' | 'unit'> {
  return { value: Math.max(...grown.map((weighed) => weighed[which])) / mebibyte, unit: 'MiB' };
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
