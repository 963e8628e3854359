import type { Restrictions } from '@sallyport/auth';
import type { AuthQueries } from '../database.ts';
import { restrictions } from '../schema.ts';

/** What is ordered across the house: what the services hear of, and what the authority alone keeps. */
export type HouseRestrictions = Restrictions &
  Readonly<{
    /** Greatest age, in seconds, of a session. Without it, a session has its full life. */
    sessionSeconds?: number | undefined;
  }>;

export async function readRestrictions(queries: AuthQueries): Promise<HouseRestrictions> {
  const [row] = await queries.select().from(restrictions);
  if (row === undefined) throw new Error('The restrictions have no row: run the migrations.');
  const { version, tiers, accessTokenSeconds, sessionSeconds } = row;
  return {
    version,
    tiers,
    ...(accessTokenSeconds !== null && { accessTokenSeconds }),
    ...(sessionSeconds !== null && { sessionSeconds }),
  };
}

/** The part that goes out over the feed. */
export function forServices({ version, tiers, accessTokenSeconds }: HouseRestrictions): Restrictions {
  return { version, tiers, ...(accessTokenSeconds !== undefined && { accessTokenSeconds }) };
}

/** What one process knows of them. The newest version counts, in whatever order it hears of them. */
export type HeldRestrictions = Readonly<{ current: () => Restrictions; take: (told: Restrictions) => void }>;

export function holdRestrictions(read: Restrictions): HeldRestrictions {
  let held = read;
  return {
    current: () => held,
    take: (told) => {
      if (told.version > held.version) held = told;
    },
  };
}
