import { openServiceClient } from '@sallyport/client/service';
import type { TemporarySystemOptions } from '@sallyport/infra/temporary-system';
import type { Contestant, Open, Run } from './figure.ts';
import type { LoadRequest } from './load-generator.ts';
import { startProductionSystem } from './production-system.ts';
import { seedSessions, type SeededSession } from './seeded-sessions.ts';

/** The authority alone on its processor, with sessions to ask about, and a service that asks. */
export type AskedAuthority = Readonly<{
  url: string;
  databaseUrl: string;
  sessions: readonly SeededSession[];
  /** With which payments proves to it who it is: a private JWK. */
  clientKey: string;
  /** Introspections of so many tokens each, over all the sessions. */
  requests: (tokensEach: number) => Promise<readonly LoadRequest[]>;
  close: () => Promise<void>;
}>;

/** Asked about as many at once as a service asks at most. */
export const fullBatch = 128;

/** Starts it as it runs in production, on a database with `count` sessions, of which `known` are asked about. */
export async function startAskedAuthority(
  run: Run,
  sessions: Readonly<{ count: number; known: number }>,
  changes: Pick<TemporarySystemOptions, 'programs' | 'extraSettings'> = {},
): Promise<AskedAuthority> {
  const launchers = { auth: run.pinning.measuredService };
  const system = await startProductionSystem(run, { services: ['auth'], launchers, ...changes });
  const { databaseUrl } = system;
  run.progress(`writing ${sessions.count.toLocaleString('en')} sessions`);
  const seeded = await seedSessions(databaseUrl, sessions);
  const url = system.urls.auth;
  const service = openServiceClient({
    issuer: url,
    clientId: 'payments',
    privateKey: system.secrets.clientKeys.payments,
  });
  const written = new Map<number, Readonly<{ authorization: string; requests: readonly LoadRequest[] }>>();
  return {
    url,
    databaseUrl,
    sessions: seeded,
    clientKey: JSON.stringify(system.secrets.clientKeys.payments),
    requests: async (tokensEach) => {
      const authorization = `Bearer ${await service.token('auth', 'introspect')}`;
      // One list for as long as one token is good: the load is not handed the same requests for each turn.
      const known = written.get(tokensEach);
      if (known?.authorization === authorization) return known.requests;
      const headers = { authorization, 'content-type': 'application/json' };
      const requests = inGroups(seeded.map(questionAbout), tokensEach).map((questions): LoadRequest => ({
        method: 'POST',
        path: '/trpc/internal.introspect',
        headers,
        body: JSON.stringify({ questions }),
      }));
      written.set(tokensEach, { authorization, requests });
      return requests;
    },
    close: system.close,
  };
}

/** With a thousand sessions. Mostly asked of `Run.shared`: figures about introspection stand behind each other. */
export const askedAuthority: Open<AskedAuthority> = (run) => startAskedAuthority(run, { count: 1000, known: 1000 });

/** What a service asks about a token of this session. Its id is one that was never revoked. */
export function questionAbout({ session, subject, client }: SeededSession, index: number) {
  return { tokenId: `measured${String(index).padStart(4, '0')}`, session, subject, client };
}

/**
 * What is asked, as a round of a comparison: tokens a second. Without the share of its processor: PostgreSQL, which answers
 * beside the load, sets the pace as often as the authority does, and then what is said of the authority is too little.
 */
export async function batchedIntrospection(
  run: Run,
  name: string,
  {
    authority,
    connections,
    tokensEach,
  }: Readonly<{ authority: AskedAuthority; connections: number; tokensEach: number }>,
): Promise<Contestant> {
  const load = await run.load();
  await assertAllActive(authority, tokensEach);
  return {
    name,
    round: async (forMs) => {
      const requests = await authority.requests(tokensEach);
      const { url } = authority;
      const round = await load.send({ url, requests, connections, forMs, containing: '"active":true' });
      return { ...round, perSecond: round.perSecond * tokensEach };
    },
  };
}

/** The load generator looks for one good answer in each body: that all are good is found out here. */
async function assertAllActive({ url, requests }: AskedAuthority, tokensEach: number): Promise<void> {
  for (const { path, headers = {}, body = '' } of (await requests(tokensEach)).slice(0, 8)) {
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body });
    const active = (await response.text()).split('"active":true').length - 1;
    if (response.status !== 200 || active !== tokensEach)
      throw new Error(`The authority answered ${response.status}, and ${active} of ${tokensEach} tokens are active.`);
  }
}

export function inGroups<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.floor(items.length / size) }, (_, group) =>
    items.slice(group * size, (group + 1) * size),
  );
}
