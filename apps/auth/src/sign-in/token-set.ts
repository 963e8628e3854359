import { denialError } from '@sallyport/auth/trpc';
import type { Authority } from '../authority.ts';
import { findClientAfterSerial, type Client } from '../clients/clients.ts';
import type { RefreshToken } from '../identifiers.ts';
import { epochSeconds } from '../moments.ts';
import { isBoundAsRegistered } from '../proofs/shown-key.ts';
import { mintUserToken, type Minted } from '../tokens/access-token.ts';
import { rolesOf } from './roles.ts';
import type { Session } from './sessions.ts';

/** What signing in, refreshing and stepping up answer: one refresh token, and an access token for each audience. */
export type TokenSet = Readonly<{
  refreshToken: string;
  session: Readonly<{
    id: string;
    subject: string;
    /** Epoch seconds. */ authTime: number;
    secondFactorAt?: number;
    acr: string;
  }>;
  accessTokens: Readonly<Record<string, Minted>>;
}>;

/** @throws TRPCError when the client is registered for bound tokens, and the session is bound to no key: however it began */
export async function mintTokenSet(
  authority: Authority,
  client: Client,
  { session, refreshToken }: Readonly<{ session: Session; refreshToken: RefreshToken }>,
): Promise<TokenSet> {
  // Both are read after the serial was drawn: what a change took away meanwhile is not in them, or its cut-off covers the session.
  const roles = await rolesOf(authority.database, session.subject);
  const { userScopes = {} } = (await findClientAfterSerial(authority.database, client.clientId)) ?? {};
  if (!isBoundAsRegistered(client, session.keyThumbprint)) throw denialError({ reason: 'proof_missing' });
  const minted = Object.entries(userScopes).map(([audience, scope]) => {
    const target = { audience, scope, roles: roles[audience] ?? [] };
    return [audience, mintUserToken(authority, session, target)] as const;
  });
  const { sid, subject, authTime, secondFactorAt, acr } = session;
  return {
    refreshToken: refreshToken.text,
    session: {
      id: sid,
      subject,
      authTime: epochSeconds(authTime),
      ...(secondFactorAt !== null && { secondFactorAt: epochSeconds(secondFactorAt) }),
      acr,
    },
    accessTokens: Object.fromEntries(minted),
  };
}
