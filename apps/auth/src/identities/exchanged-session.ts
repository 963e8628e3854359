import { inTransaction } from '@sallyport/db';
import { and, eq } from 'drizzle-orm';
import type { Authority } from '../authority.ts';
import { transactionLimits } from '../database.ts';
import { hashSecret } from '../identifiers.ts';
import { after } from '../moments.ts';
import { sessions } from '../schema.ts';
import { isLive } from '../sign-in/live-session.ts';
import { endSessions, startSession, type Session, type SignIn } from '../sign-in/sessions.ts';
import type { Identity } from './accounts-of-identities.ts';
import { confirmLink } from './confirm-link.ts';
import { exchangedTokens } from './identity-tables.ts';

/** A provider's token, and what the session that it begins would be. It ends with the token at the latest. */
export type Exchanging = Readonly<{
  subjectToken: string;
  identity: Identity;
  signIn: SignIn & Readonly<{ endsAt: Date }>;
}>;

/**
 * The one session that a provider's token stands for: begun when the token first comes, and the same one however often it comes
 * again. `undefined` when that session is over, or another client, or key, began it: ended here, the token is worth nothing here, though its
 * provider may not know.
 */
export async function sessionOfToken(authority: Authority, exchanging: Exchanging): Promise<Session | undefined> {
  const tokenHash = hashToken(exchanging.subjectToken);
  const known = await findSession(authority, tokenHash);
  if (known !== undefined) return liveOne(authority, known, exchanging.signIn);
  const { session } = await startSession(authority, exchanging.signIn);
  if (!(await confirmLink(authority, session, exchanging.identity))) return undefined;
  const kept = await authority.database
    .insert(exchangedTokens)
    // Kept a little longer than the token is believed: clocks differ.
    .values({ tokenHash, serial: session.serial, expiresAt: after(exchanging.signIn.endsAt, 60) })
    .onConflictDoNothing()
    .returning({ serial: exchangedTokens.serial });
  if (kept.length === 1) return session;
  // The same token came twice at once, and the other was first.
  await inTransaction(authority.database, transactionLimits, (transaction) =>
    endSessions(transaction, [session.serial], {
      because: 'its token was exchanged meanwhile',
      at: new Date(authority.now()),
    }),
  );
  const other = await findSession(authority, tokenHash);
  return other === undefined ? undefined : liveOne(authority, other, exchanging.signIn);
}

async function findSession({ database }: Authority, tokenHash: string): Promise<number | undefined> {
  const [row] = await database
    .select({ serial: exchangedTokens.serial })
    .from(exchangedTokens)
    .where(eq(exchangedTokens.tokenHash, tokenHash));
  return row?.serial;
}

async function liveOne(
  { database, now }: Authority,
  serial: number,
  { subject, clientId, keyThumbprint }: SignIn,
): Promise<Session | undefined> {
  const [session] = await database
    .select()
    .from(sessions)
    .where(
      and(
        eq(sessions.serial, serial),
        eq(sessions.subject, subject),
        eq(sessions.clientId, clientId),
        isLive(new Date(now())),
      ),
    );
  // One that is bound to a key goes on with that key, and one that is not stays so.
  return session?.keyThumbprint === (keyThumbprint ?? null) ? session : undefined;
}

/**
 * A token's text is not its identity: one ES256 signature has a second form that anybody can compute. What was signed has one
 * (its spelling was checked), so that is what is hashed; an opaque token has no other part.
 */
function hashToken(text: string): string {
  const parts = text.split('.');
  return hashSecret(parts.length === 3 ? `${parts[0]}.${parts[1]}` : text);
}
