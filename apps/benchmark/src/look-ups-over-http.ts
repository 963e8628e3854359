import { inGroups, type AskedAuthority } from './asked-authority.ts';
import type { Contestant, Run } from './figure.ts';

/** What the authority finds its sessions by, so many at a time. */
export function keysInGroups(
  { sessions }: Pick<AskedAuthority, 'sessions'>,
  keysEach: number,
): readonly (readonly number[])[] {
  return inGroups(sessions, keysEach).map((group) => group.map(({ serial }) => serial));
}

type LookUps = Readonly<{
  /** `bare-lookups.ts`. With a `pid`, the share of its processor is read. */
  server: Readonly<{ url: string; pid?: number }>;
  authority: AskedAuthority;
  connections: number;
  keysEach: number;
}>;

/** The rows themselves, from PostgreSQL over a bare `node:http`, and nothing else about them: keys a second. */
export async function lookUpsOverHttp(
  run: Run,
  name: string,
  { server: { url, pid }, authority, connections, keysEach }: LookUps,
): Promise<Contestant> {
  const load = await run.load();
  const requests = keysInGroups(authority, keysEach).map(
    (keys) => ({ method: 'POST', path: '/', body: JSON.stringify(keys) }) as const,
  );
  return {
    name,
    round: async (forMs) => {
      const round = await load.send({ url, requests, connections, forMs, containing: '"sid":' }, pid);
      return { ...round, perSecond: round.perSecond * keysEach };
    },
  };
}
