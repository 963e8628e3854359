import type { Contestant, Figure } from '../figure.ts';
import type { LoadRequest } from '../load-generator.ts';
import { processListeningAt } from '../processor-use.ts';
import { startProductionSystem } from '../production-system.ts';
import { bearer, signInMany } from '../signed-in.ts';

/** By decision stage, in the order of what they rest on: the procedure of the fixture, and what it stands for. */
const stages = {
  publicRead: 'nobody in particular',
  authenticatedRead: 'local, token seen before',
  neverSeen: 'local, token never seen',
  privilegedWrite: 'introspected',
  regulatedAction: 'introspected, second factor',
} as const;

const tiers = ['publicRead', 'authenticatedRead', 'standardWrite', 'privilegedWrite', 'regulatedAction'] as const;
const people = 64;

/** What is drawn: how long one request takes by the stage that decides it, and how many a second by tier. */
export const decisionStages: Figure = {
  id: 'C1',
  title: 'Requests by decision stage and by tier: an empty handler in the payments service',
  seconds: { quick: 25, full: 90 },
  open: async (run) => {
    const { measuredService, restService } = run.pinning;
    const house = await startProductionSystem(run, {
      services: ['auth', 'payments'],
      launchers: { auth: restService, payments: measuredService },
      programs: { payments: 'src/measured/tiers.ts' },
    });
    const { payments: url } = house.urls;
    const pid = processListeningAt(url);
    const signedIn = await signInMany(house, people);
    const load = await run.load();
    const contestant = (name: string, procedure: string, connections: number): Contestant => {
      const requests =
        procedure === 'publicRead'
          ? [requestOf(procedure, {})]
          : signedIn.map((person) => requestOf(procedure, bearer(person, 'payments')));
      return {
        name,
        round: (forMs) => load.send({ url, requests, connections, forMs, containing: '"done":true' }, pid),
      };
    };
    const alone = Object.entries(stages).map(([procedure, stage]) => contestant(stage, procedure, 1));
    const crowded = tiers.map((tier) => contestant(tier, tier, people));
    return {
      kind: 'comparison',
      contestants: [...alone, ...crowded],
      // Pictures, of which no goal is made.
      roundMs: 1000,
      goals: [],
      charts: [
        {
          name: 'latency-by-stage',
          title: 'One request, by what decides it',
          shows: 'latency',
          contestants: Object.values(stages),
        },
        { name: 'throughput-by-tier', title: 'Requests a second, by tier', shows: 'perSecond', contestants: tiers },
      ],
      notes: [
        'Stages: one connection, so nobody waits for anybody. Tiers: 64 connections of 64 people. Payments had one processor; auth, PostgreSQL and the load had the others.',
      ],
      close: house.close,
    };
  },
};

function requestOf(procedure: string, headers: Readonly<Record<string, string>>): LoadRequest {
  const path = `/trpc/${procedure}`;
  if (procedure.endsWith('Read') || procedure === 'neverSeen') return { path, headers };
  return {
    method: 'POST',
    path,
    headers: { ...headers, 'content-type': 'application/json', 'idempotency-key': 'measured' },
  };
}
