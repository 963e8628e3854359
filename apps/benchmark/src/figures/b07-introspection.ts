import { z } from 'zod';
import { askedAuthority, batchedIntrospection, fullBatch } from '../asked-authority.ts';
import { assertAnswered } from '../assert-answered.ts';
import type { Contestant, Figure, Run } from '../figure.ts';
import { startMeasured } from '../measured-process.ts';

const sallyport = 'sallyport, 128 tokens a request';
const oidcProvider = 'oidc-provider, PostgreSQL';
const oidcProviderMemory = 'oidc-provider, memory';
const betterAuth = 'better-auth, PostgreSQL';

/** As many as fit into the memory of oidc-provider, which keeps 1,000 things and three for each token. */
const tokens = 256;

/** "Is this token, or session, still good?", asked of the authority and of its peers. */
export const introspection: Figure = {
  id: 'B7',
  title: 'Tokens a second that are found to be alive: batched introspection against oidc-provider and better-auth',
  seconds: { quick: 9, full: 50 },
  shares: askedAuthority,
  open: async (run) => {
    const database = await run.database();
    const [authority, ...peers] = await Promise.all([
      run.shared(askedAuthority),
      startPeer(run, { name: oidcProvider, program: 'oidc-provider.ts', settings: { DATABASE_URL: database } }),
      startPeer(run, { name: oidcProviderMemory, program: 'oidc-provider.ts', settings: {} }),
      startPeer(run, { name: betterAuth, program: 'better-auth.ts', settings: { DATABASE_URL: await run.database() } }),
    ]);
    const own = await batchedIntrospection(run, sallyport, { authority, connections: 8, tokensEach: fullBatch });
    return {
      kind: 'comparison',
      contestants: [own, ...peers.map(({ contestant }) => contestant)],
      goals: [
        { of: sallyport, over: oidcProvider, measure: 'perSecond', bound: { atLeast: 30 } },
        { of: sallyport, over: betterAuth, measure: 'perSecond', bound: { atLeast: 100 } },
      ],
      notes: [
        'Each server had one processor; PostgreSQL and the load had the others, and set Sallyport’s pace as often as it did itself. Sallyport was asked over 8 connections, as by four services with two questions under way each; the peers over 64, one token a request, which is all that their interfaces take.',
        'oidc-provider: opaque tokens, client_secret_basic, a grant and a token looked up by primary key in prepared statements. better-auth: getSession by a signed cookie, joins on, no cookie cache, whose answers would be old.',
      ],
      close: async () => {
        await Promise.all(peers.map(({ stop }) => stop()));
      },
    };
  },
};

type PeerProgram = Readonly<{ name: string; program: string; settings: Readonly<Record<string, string>> }>;
type Peer = Readonly<{ contestant: Contestant; stop: () => Promise<void> }>;

/** What asks a peer about its tokens, and what its answer says when they are good. */
const questions = z.object({
  requests: z.array(
    z.object({
      method: z.enum(['GET', 'POST']),
      path: z.string(),
      headers: z.record(z.string(), z.string()),
      body: z.string(),
    }),
  ),
  containing: z.string(),
});

async function startPeer(run: Run, { name, program, settings }: PeerProgram): Promise<Peer> {
  const { url, pid, order, stop } = await startMeasured({ program, settings, launcher: run.pinning.measured });
  const { requests, containing } = questions.parse(await order('begin', tokens));
  await assertAnswered({ url, requests: requests.slice(0, 8), containing });
  const load = await run.load();
  const round: Contestant['round'] = (forMs) => load.send({ url, requests, connections: 64, forMs, containing }, pid);
  return { contestant: { name, round }, stop };
}
