import { eq, sql } from 'drizzle-orm';
import type { AuthQueries } from '../database.ts';
import { hashSecret } from '../identifiers.ts';
import type { Sealer } from '../keys/sealed-secret.ts';
import { after } from '../moments.ts';
import { sessions, spentRefreshTokens } from '../schema.ts';
import { isLive } from './live-session.ts';
import { isPresentersOwn, type PresentedToken, type Rotated } from './presented-token.ts';
import type { Session } from './sessions.ts';

/** A refresh that comes again within this time may be one whose answer was lost, or one of several tabs. Seconds. */
export const repeatWithinSeconds = 10;
/** How often the same answer is given again. */
const maxRepetitions = 3;

type Spent = typeof spentRefreshTokens.$inferSelect;

/**
 * What a token is that was rotated away and comes again.
 *
 * - `repetition`: its rotation was a moment ago, and nobody has used the successor. Whoever holds it gets that successor once more.
 * - `race`: as before, but the successor is not given out, because it was given out often enough, because a step-up spent the token,
 *   or because the session is no longer alive. It says nothing about theft, so nothing ends.
 * - `reuse`: everything else. Somebody has a copy.
 */
export type Judgement =
  | Readonly<{ kind: 'unknown' }>
  | Readonly<{ kind: 'repetition'; session: Session; hash: string; sealedSuccessor: string }>
  | Readonly<{ kind: 'race' | 'reuse'; session: Session }>;

/**
 * Judges a token that is not the tip of its family, and holds the family's row until commit: what was judged stays true. The
 * window is for the immediate predecessor alone, told by the generation: a time would let two rotations of one second pass for one.
 */
export async function judgeSpent(transaction: AuthQueries, presented: PresentedToken, at: Date): Promise<Judgement> {
  const hash = hashSecret(presented.refreshToken);
  const [found] = await transaction
    .select({
      session: sessions,
      spent: spentRefreshTokens,
      isTheirs: sql<boolean>`${isPresentersOwn(presented)}`,
      lives: sql<boolean>`${isLive(at)}`,
    })
    .from(sessions)
    .innerJoin(spentRefreshTokens, eq(spentRefreshTokens.serial, sessions.serial))
    .where(eq(spentRefreshTokens.hash, hash))
    .for('update');
  if (found === undefined) return { kind: 'unknown' };
  const { session, spent, isTheirs, lives } = found;
  if (!isTheirs || !isFreshlySpent(spent, session, at)) return { kind: 'reuse', session };
  const { sealedSuccessor, repetitions } = spent;
  if (!lives || sealedSuccessor === null || repetitions >= maxRepetitions) return { kind: 'race', session };
  return { kind: 'repetition', session, hash, sealedSuccessor };
}

function isFreshlySpent(spent: Spent, session: Session, at: Date): boolean {
  return spent.generation + 1 === session.generation && after(spent.spentAt, repeatWithinSeconds) > at;
}

/** Gives the successor out once more. */
export async function repeatAnswer(
  sealer: Sealer,
  transaction: AuthQueries,
  { session, hash, sealedSuccessor }: Extract<Judgement, { kind: 'repetition' }>,
): Promise<Rotated> {
  await transaction
    .update(spentRefreshTokens)
    .set({ repetitions: sql`${spentRefreshTokens.repetitions} + 1` })
    .where(eq(spentRefreshTokens.hash, hash));
  const text = sealer.open(sealedSuccessor, successorPlace(hash)).toString();
  return { session, refreshToken: { text, hash: hashSecret(text) } };
}

/** The place of a successor in the database, where it is sealed. `hash`: its predecessor's. */
export function successorPlace(hash: string) {
  return { column: 'spent_refresh_tokens.sealed_successor', row: hash } as const;
}
