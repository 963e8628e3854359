import { openCaller, type Caller } from '@sallyport/infra/one-caller';
import type { Figure, Reading, Readings, Run } from '../figure.ts';
import type { LoadGenerator } from '../load-generator.ts';
import { signInMany, type SignedIn } from '../signed-in.ts';
import { quantile } from '../statistics.ts';
import { wholeHouse, type WholeHouse } from '../whole-house.ts';

const readers = 8;
const boundMs = 50;

export const revocation: Figure = {
  id: 'B9',
  title: 'Revocation: from the authority’s answer to the first refusal at catalog, under load',
  seconds: { quick: 7, full: 45 },
  shares: wholeHouse,
  open,
};

async function open(run: Run): Promise<Readings> {
  const revocations = run.quick ? 15 : 1000;
  const house = await run.shared(wholeHouse);
  run.progress(`refreshing ${revocations} sessions`);
  const [reader, ...people] = await signInMany(house, revocations + 1);
  if (reader === undefined) throw new Error('Nobody is signed in.');
  const notes = [
    `${revocations} sessions, one after the other: each is in use at catalog until \`POST /oauth/revoke\` has answered. From then on its token is presented again and again, over a connection of its own, until it is refused; what is counted ends with that refusal.`,
  ];
  return {
    kind: 'readings',
    notes,
    read: async () => {
      const load = keepReading(await run.load(), house, reader);
      const times = await revokeEach(house, people, run.progress);
      const perSecond = await load.stop();
      notes.push(
        `Meanwhile ${readers} others read at catalog, ${Math.round(perSecond)} times a second. How late a refusal is depends on that load: with more readers than the processors can serve, it waits in line as they do.`,
      );
      return describe(times);
    },
    close: async () => {},
  };
}

function describe(times: readonly number[]): Reading[] {
  const sorted = times.toSorted((one, other) => one - other);
  return [
    { name: 'p50', value: quantile(sorted, 0.5), unit: 'ms' },
    { name: 'p95', value: quantile(sorted, 0.95), unit: 'ms' },
    { name: 'p99', value: quantile(sorted, 0.99), unit: 'ms', bound: { atMost: boundMs } },
    { name: 'longest', value: quantile(sorted, 1), unit: 'ms' },
  ];
}

/** Milliseconds from each answer to the first refusal. */
async function revokeEach(
  { urls }: WholeHouse,
  people: readonly SignedIn[],
  progress: Run['progress'],
): Promise<readonly number[]> {
  const [auth, catalog] = [openCaller(urls.auth), openCaller(urls.catalog)];
  const times: number[] = [];
  for (const person of people) {
    if (times.length % 100 === 0) progress(`${times.length} of ${people.length} revoked`);
    times.push(await revokeOne({ auth, catalog }, person));
  }
  auth.close();
  catalog.close();
  return times;
}

async function revokeOne(
  { auth, catalog }: Readonly<Record<'auth' | 'catalog', Caller>>,
  { refreshToken, accessTokens }: SignedIn,
): Promise<number> {
  const headers = { authorization: `Bearer ${accessTokens.catalog.token}` };
  const before = await catalog.get(ownProducts, headers);
  if (before.status !== 200) throw new Error(`A living session was refused: ${before.body}`);
  const revoked = await auth.post('/oauth/revoke', `token=${refreshToken}&client_id=web`, {
    'content-type': 'application/x-www-form-urlencoded',
  });
  const answeredAtMs = performance.now();
  if (revoked.status !== 200) throw new Error(`A session was not revoked: ${revoked.body}`);
  for (;;) {
    const { status, body } = await catalog.get(ownProducts, headers);
    const tookMs = performance.now() - answeredAtMs;
    if (status === 401) return tookMs;
    if (status !== 200) throw new Error(`Neither served nor refused: ${body}`);
    if (tookMs > 5000) throw new Error('A revoked session was served for 5 s.');
  }
}

const ownProducts = '/trpc/products.mine';

/** Load for as long as it takes. Answers how much it was. */
function keepReading(generator: LoadGenerator, { urls }: WholeHouse, { accessTokens }: SignedIn) {
  const headers = { authorization: `Bearer ${accessTokens.catalog.token}` };
  const rates: number[] = [];
  const over = new AbortController();
  const reading = (async () => {
    while (!over.signal.aborted) {
      const requests = [{ path: ownProducts, headers }];
      const { perSecond } = await generator.send({ url: urls.catalog, requests, connections: readers, forMs: 1000 });
      rates.push(perSecond);
    }
  })();
  return {
    stop: async (): Promise<number> => {
      over.abort();
      await reading;
      return rates.reduce((sum, one) => sum + one, 0) / rates.length;
    },
  };
}
