import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { parseOptions } from '@node-rs/argon2';
import { openServiceClient } from '@sallyport/client/service';
import { openCaller } from '@sallyport/infra/one-caller';
import type { TemporarySystem } from '@sallyport/infra/temporary-system';
import pg from 'pg';
import { z } from 'zod';
import { callProcedure } from '../call-procedure.ts';
import type { Comparison, Contestant, Figure, Reading, Round, Run } from '../figure.ts';
import type { LoadRequest } from '../load-generator.ts';
import { startMeasured } from '../measured-process.ts';
import { startProductionSystem } from '../production-system.ts';
import type { Hashing, HashingCost } from '../programs/bare-hashing.ts';
import { quantile } from '../statistics.ts';

const signIns = 'sign-ins';
const bareHashing = 'bare hashing, as many at a time';
const hashingEverywhere = 'bare hashing, one on each processor';
const people = 8;
/** At once: more than the authority hashes at a time, by far. */
const crowd = 200;
/** Milliseconds between two questions of a service that goes on asking meanwhile. */
const askEveryMs = 10;

export const signIn: Figure = {
  id: 'B14',
  title: 'Sign-ins by password ÷ bare argon2id hashing at the same cost on the same processors',
  seconds: { quick: 6, full: 60 },
  open,
};

async function open(run: Run): Promise<Comparison> {
  const { everywhere, everywhereService } = run.pinning;
  const system = await startProductionSystem(run, { services: ['auth'], launchers: { auth: everywhereService } });
  const credentials = await signUp(system.urls.auth);
  const cost = await readHashingCost(system.databaseUrl);
  const bare = await startMeasured({ program: 'bare-hashing.ts', launcher: everywhere });
  const ask = await openAsking(system, credentials[0] ?? '');
  const load = await run.load();
  const askedMs: number[] = [];
  const askedInCrowdMs: number[] = [];

  const requests = credentials.map((body): LoadRequest => {
    return { method: 'POST', path: '/trpc/signIn', headers: { 'content-type': 'application/json' }, body };
  });
  const few = { requests: requests.slice(0, people), connections: people };
  // It leaves nothing behind in the accounts of the rounds.
  const many = { requests: requests.slice(people), connections: crowd };
  const signingIn = async (who: typeof few, forMs: number): Promise<{ round: Round; asked: readonly number[] }> => {
    const over = new AbortController();
    const asking = ask(over.signal);
    const round = await load.send({ url: system.urls.auth, ...who, forMs, containing: '"refreshToken"' });
    over.abort();
    return { round, asked: await asking };
  };
  const signInRound: Contestant['round'] = async (forMs) => {
    const { round, asked } = await signingIn(few, forMs);
    askedMs.push(...asked);
    return round;
  };
  if (!run.quick) {
    run.progress(`${crowd} at once`);
    await signingIn(few, 2000);
    askedInCrowdMs.push(...(await signingIn(many, 5000)).asked);
  }
  const hashing = (lanes: Hashing['lanes']): Contestant['round'] => {
    return (forMs) => bare.order<Round>('round', { ...cost, lanes, forMs });
  };
  return {
    kind: 'comparison',
    contestants: [
      { name: signIns, round: signInRound },
      { name: bareHashing, round: hashing('as the authority') },
      { name: hashingEverywhere, round: hashing('one for each processor') },
    ],
    goals: [{ of: signIns, over: bareHashing, measure: 'perSecond', bound: { atLeast: 0.85 } }],
    roundMs: 2400,
    beside: () => [
      ...askedBeside('sign-ins', askedMs),
      ...(run.quick ? [] : askedBeside(`${crowd} sign-ins at once`, askedInCrowdMs)),
    ],
    notes: [
      `${people} people sign in with their right passwords, each again when done: throttles, audit log, session, three tokens. Meanwhile a service asks every ${askEveryMs} ms whether a session lives. Before the rounds, for 5 s, ${crowd} sign in at once.`,
      'The authority lets in as many hashes at a time as leave one processor to everything else. It, PostgreSQL and the load had all processors, and so had bare hashing, with the same number of hashes at a time. An authority on a single processor pays for the rest of a sign-in out of its hashing, and its share is smaller.',
    ],
    close: async () => {
      await bare.stop();
      await system.close();
    },
  };
}

function askedBeside(what: string, timesMs: readonly number[]): readonly Reading[] {
  const sorted = timesMs.toSorted((one, other) => one - other);
  return [
    { name: `introspection beside ${what}, p50`, value: quantile(sorted, 0.5), unit: 'ms' },
    { name: `introspection beside ${what}, p99`, value: quantile(sorted, 0.99), unit: 'ms', bound: { atMost: 50 } },
  ];
}

async function signUp(url: string): Promise<readonly string[]> {
  const caller = openCaller(url);
  const bodies: string[] = [];
  for (let person = 0; person < 2 * people; person += 1) {
    const password = randomBytes(18).toString('base64url');
    const body = JSON.stringify({ email: `person${person}@example.org`, password });
    await callProcedure(caller, { path: '/trpc/signUp', body });
    bodies.push(body);
  }
  caller.close();
  return bodies;
}

/** What the authority's own hashes say of their cost. */
async function readHashingCost(databaseUrl: string): Promise<HashingCost> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ hash: string }>(
    `SELECT substr(password_hash, 3) AS hash FROM auth.accounts WHERE email LIKE 'person0@%'`,
  );
  await client.end();
  const { memoryCost, timeCost, parallelism } = parseOptions(rows[0]?.hash ?? '');
  return { memoryCost, timeCost, parallelism };
}

const signedIn = z.object({ session: z.object({ id: z.string(), subject: z.string() }) });

/** Asks about a living session until it is told to end, and answers how long each answer took, in milliseconds. */
async function openAsking({ urls, secrets }: TemporarySystem, credentials: string) {
  const caller = openCaller(urls.auth);
  const { session } = signedIn.parse(await callProcedure(caller, { path: '/trpc/signIn', body: credentials }));
  caller.close();
  const identity = { issuer: urls.auth, clientId: 'payments', privateKey: secrets.clientKeys.payments };
  const service = openServiceClient(identity);
  const question = { tokenId: 'measured', session: session.id, subject: session.subject, client: 'web' };
  return async (signal: AbortSignal): Promise<readonly number[]> => {
    const times: number[] = [];
    while (!signal.aborted) {
      const startedAtMs = performance.now();
      const [answer] = await service.authority([question], AbortSignal.timeout(10_000));
      if (answer?.active !== true) throw new Error('A living session was not found to be active.');
      times.push(performance.now() - startedAtMs);
      await wait(askEveryMs);
    }
    return times;
  };
}
