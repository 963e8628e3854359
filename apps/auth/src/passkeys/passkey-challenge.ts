import { randomBytes } from 'node:crypto';
import { parseJson } from '@sallyport/service';
import { eq } from 'drizzle-orm';
import * as z from 'zod';
import type { Authority } from '../authority.ts';
import { after } from '../moments.ts';
import { passkeyChallenges } from '../second-factor/factor-tables.ts';

/** What a challenge may be answered for, and by whom: an answer that was given for one thing is good for nothing else. */
export type ChallengeUse = Readonly<{
  purpose: (typeof passkeyChallenges.$inferSelect)['purpose'];
  /** The session, or, before there is one, the client. */
  boundTo: string;
}>;

/** WebAuthn §13.4.3 asks for 16 random bytes at least. */
const challengeBytes = 32;

/** Time to find the security key in the other bag. */
const challengeSeconds = 5 * 60;

export async function drawChallenge({ database, now }: Authority, use: ChallengeUse): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(randomBytes(challengeBytes));
  const expiresAt = after(new Date(now()), challengeSeconds);
  await database.insert(passkeyChallenges).values({ ...use, challenge: base64url(bytes), expiresAt });
  return bytes;
}

const clientData = z.object({ challenge: z.string().max(128), crossOrigin: z.boolean().optional() });

/**
 * The challenge that an answer names, if it was drawn for this use and is not over. It is gone with the first look, so of any number
 * of answers, at once or later, one is looked at.
 *
 * An answer from inside another site's page is not taken: no page of this house is framed.
 */
export async function spendChallenge(
  { database, now }: Authority,
  clientDataJson: string,
  use: ChallengeUse,
): Promise<string | undefined> {
  const read = clientData.safeParse(parseJson(Buffer.from(clientDataJson, 'base64url').toString('utf8')));
  if (!read.success || read.data.crossOrigin === true) return undefined;
  const { challenge } = read.data;
  const [drawn] = await database
    .delete(passkeyChallenges)
    .where(eq(passkeyChallenges.challenge, challenge))
    .returning();
  const isGood = drawn?.purpose === use.purpose && drawn.boundTo === use.boundTo && drawn.expiresAt > new Date(now());
  return isGood ? challenge : undefined;
}

export function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
