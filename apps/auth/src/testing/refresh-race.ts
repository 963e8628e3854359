import { eq } from 'drizzle-orm';
import type { Authority } from '../authority.ts';
import { hashSecret } from '../identifiers.ts';
import { sessions } from '../schema.ts';
import { startSession } from '../sign-in/sessions.ts';
import { refreshSession } from '../sign-in/token-family.ts';
import { adaByPassword } from './sign-ins.ts';

/** What became of a family whose token several presented at once. */
export type RaceResult = Readonly<{
  /** Different successors that were given out: there may be one. */
  successors: number;
  /** How many got it. */
  served: number;
  generation: number;
  ended: boolean;
  /** Whether the one successor is the tip. */
  isTip: boolean;
}>;

/** A new family, whose token is refreshed so many times at once, at the instances in turn. */
export async function raceRefreshes(instances: readonly Authority[], times: number): Promise<RaceResult> {
  const [first] = instances;
  if (first === undefined) throw new Error('A race needs an instance.');
  const { session, refreshToken } = await startSession(first, adaByPassword);
  const answers = await Promise.all(
    Array.from({ length: times }, (_, index) =>
      refreshSession(instances[index % instances.length] ?? first, { refreshToken: refreshToken.text }),
    ),
  );
  const given = answers.flatMap((answer) => (answer === undefined ? [] : [answer.refreshToken.text]));
  const [row] = await first.database.select().from(sessions).where(eq(sessions.serial, session.serial));
  return {
    successors: new Set(given).size,
    served: given.length,
    generation: row?.generation ?? 0,
    ended: row?.endedAt !== null,
    isTip: row?.refreshHash === hashSecret(given[0] ?? ''),
  };
}
