import { parseArgs } from 'node:util';
import { openServiceClient } from '@sallyport/client/service';
import { openDevice } from '../device.ts';
import { runGuarded } from '../guarded-command.ts';
import { startTemporaryPostgres } from '../postgres/server.ts';
import { startTemporarySystem, type TemporarySystem } from '../temporary-system.ts';
import { openTimedPost } from './timed-post.ts';
import { quantile } from './two-samples.ts';

// `pnpm sign-in-load`: what do two hundred people who sign in at once do to everybody else?

const help = `Measures introspection alone, and while many sign in at once, on a system of its own.

  pnpm sign-in-load [--people 200] [--seconds 10] [--json]

  --people   who sign in at once; each signs in again when done
  --seconds  of each measurement
  --json     one JSON object

The bound: introspection p99 under 50 ms. Exits with 0 only if it holds.`;

const p99BoundMs = 50;

await runGuarded({ name: 'sign-in-load', help, readOptions, run });

type Options = Readonly<{ people: number; seconds: number; json: boolean }>;

function readOptions(): Options | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({ options: { people: text, seconds: text, json: flag, help: flag } });
  if (values.help) return undefined;
  const [people, seconds] = [Number(values.people ?? 200), Number(values.seconds ?? 10)];
  if (!(people >= 1 && seconds >= 1)) throw new Error('--people and --seconds are numbers from 1.');
  return { people, seconds, json: values.json };
}

async function run({ people, seconds, json }: Options): Promise<void> {
  const database = await startTemporaryPostgres();
  // The others would ask the authority things meanwhile.
  const system = await startTemporarySystem(database.url, { services: ['auth'] });
  const ask = await introspections(system);
  await ask(1);
  const alone = await ask(seconds);
  const crowd = startCrowd(system.urls.auth, people);
  const beside = await ask(seconds);
  const signIns = await crowd.stop();
  await system.close();
  await database.stop();

  const result = { people, alone: percentiles(alone), besideSignIns: percentiles(beside), signIns };
  if (!(result.besideSignIns.p99Ms < p99BoundMs)) process.exitCode = 1;
  console.log(json ? JSON.stringify(result) : describe(result));
}

/** Asks about a living session again and again, one question after the other, as a service does; answers the times in ms. */
async function introspections({ urls, secrets }: TemporarySystem): Promise<(seconds: number) => Promise<number[]>> {
  const { client, tokens } = openDevice(urls);
  await client.signIn({ email: 'ada@sallyport.example', password: 'correct horse battery staple' });
  const { session } = await tokens();
  const identity = { issuer: urls.auth, clientId: 'payments', privateKey: secrets.clientKeys.payments };
  const service = openServiceClient(identity);
  const question = { tokenId: 'measured', session: session.id, subject: session.subject, client: 'web' };
  return async (seconds) => {
    const times: number[] = [];
    const endsAtMs = performance.now() + seconds * 1000;
    while (performance.now() < endsAtMs) {
      const startedAtMs = performance.now();
      const [answer] = await service.authority([question], AbortSignal.timeout(10_000));
      if (answer?.active !== true) throw new Error('A living session was not found to be active.');
      times.push(performance.now() - startedAtMs);
    }
    return times;
  };
}

type SignIns = Readonly<{ answered: number; turnedAway: number }>;

/** Many people with wrong passwords: that is the whole of the hashing, and none of the sessions. */
function startCrowd(origin: string, people: number): Readonly<{ stop: () => Promise<SignIns> }> {
  const counts = { answered: 0, turnedAway: 0 };
  const stopped = new AbortController();
  const crowd = Array.from({ length: people }, async (_, index) => {
    const { post, close } = openTimedPost(origin);
    const body = JSON.stringify({ email: `crowd${index}@example.org`, password: 'not the password of anybody' });
    while (!stopped.signal.aborted) {
      const { status } = await post({ path: '/trpc/signIn', body, type: 'application/json' });
      if (status === 503) counts.turnedAway += 1;
      else counts.answered += 1;
    }
    close();
  });
  return {
    stop: async () => {
      stopped.abort();
      await Promise.all(crowd);
      return counts;
    },
  };
}

type Percentiles = Readonly<{ asked: number; p50Ms: number; p99Ms: number; maxMs: number }>;

function percentiles(times: readonly number[]): Percentiles {
  const at = (share: number) => Math.round(quantile(times, share) * 100) / 100;
  return { asked: times.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

type Result = Readonly<{ people: number; alone: Percentiles; besideSignIns: Percentiles; signIns: SignIns }>;

function describe({ people, alone, besideSignIns, signIns }: Result): string {
  const line = (name: string, { asked, p50Ms, p99Ms, maxMs }: Percentiles) =>
    `  ${name.padEnd(26)} p50 ${p50Ms} ms, p99 ${p99Ms} ms, longest ${maxMs} ms (${asked} questions)`;
  return [
    'Introspection',
    line('alone', alone),
    line(`beside ${people} sign-ins`, besideSignIns),
    `Sign-ins: ${signIns.answered} answered, ${signIns.turnedAway} turned away with 503 and Retry-After.`,
  ].join('\n');
}
