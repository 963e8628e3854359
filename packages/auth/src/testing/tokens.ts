import type { Clock } from '../clock.ts';
import type { HeaderMembers, testKeys } from './signing.ts';

/** Claims to add or, with `undefined`, to leave out. */
type Claims = Readonly<Record<string, unknown>>;

/** A user's access token: who, where, what for. `claims` and `header` override what a good token says. */
export type UserToken = Readonly<{
  audience: string;
  scope: string;
  /** Default `u_ada`. */
  subject?: string;
  /** Default `web`. */
  client?: string;
  /** Default `1.test`. */
  session?: string;
  /** Default `aal1`. */
  acr?: string;
  claims?: Claims;
  header?: HeaderMembers;
}>;

/** A service's own access token, as of the client credentials grant (RFC 6749 §4.4). */
export type ServiceToken = Readonly<{ client: string; audience: string; scope: string }>;

/** A transaction token, as the authority would mint it for `service` to carry a user further. */
export type CarriedTransaction = Readonly<{
  scope: string;
  /** The service that carries it. */
  service: string;
  subject?: string;
  session?: string;
  context?: Readonly<Record<string, string>>;
  claims?: Claims;
}>;

export type TokenMint = Readonly<{
  issuer: string;
  trustDomain: string;
  clock: Clock;
  signing: Awaited<ReturnType<typeof testKeys>>;
  rolesOf: (subject: string) => readonly string[];
  /** When the session's second factor was given, in epoch seconds. */
  secondFactorAt: (session: string) => number | undefined;
}>;

/** Makes tokens as the authority would, and a few that it never would. */
export function testTokens({ issuer, trustDomain, clock, signing, secondFactorAt, rolesOf }: TokenMint) {
  let made = 0;

  function lasting(seconds: number) {
    made += 1;
    const iat = clock.epochSeconds();
    return { jti: `test-token-${made}`, iat, exp: iat + seconds };
  }

  function userClaims(token: UserToken): string {
    const { subject = 'u_ada', client = 'web', session = '1.test', acr = 'aal1', audience, scope } = token;
    const authTime = secondFactorAt(session) ?? clock.epochSeconds();
    const about = { iss: issuer, sub: subject, aud: audience, client_id: client, scope };
    const roles = rolesOf(subject);
    const held = roles.length > 0 ? { roles } : {};
    return JSON.stringify({
      ...about,
      ...held,
      sid: session,
      auth_time: authTime,
      acr,
      ...lasting(300),
      ...token.claims,
    });
  }

  return {
    userToken: (token: UserToken) => signing.sign({ typ: 'at+jwt', ...token.header }, userClaims(token)),

    /** The same claims under a `kid` that is published, signed by a key that is not. */
    foreignToken: (token: UserToken) => signing.signAsStranger({ typ: 'at+jwt', ...token.header }, userClaims(token)),

    /** An access token whose claims are this very text, e.g. to repeat a member. */
    tokenOfText: (claims: string) => signing.sign({ typ: 'at+jwt' }, claims),

    serviceToken: ({ client, audience, scope }: ServiceToken) => {
      const claims = { iss: issuer, sub: client, client_id: client, aud: audience, scope, ...lasting(300) };
      return signing.sign({ typ: 'at+jwt' }, JSON.stringify(claims));
    },

    transactionToken: (carried: CarriedTransaction) => {
      const { scope, service, subject = 'u_ada', session = '1.test', context = {} } = carried;
      const { jti: txn, ...times } = lasting(60);
      const about = { iss: issuer, aud: trustDomain, sub: subject, sid: session, scope };
      const claims = { ...about, txn, req_wl: service, tctx: context, ...times, ...carried.claims };
      return signing.sign({ typ: 'txntoken+jwt' }, JSON.stringify(claims));
    },
  };
}
