import { and, eq, gt } from 'drizzle-orm';
import * as oidc from 'openid-client';
import type { Authority } from '../authority.ts';
import { hashSecret, newSecret } from '../identifiers.ts';
import { after } from '../moments.ts';
import { nameGrammar } from './accounts-of-identities.ts';
import { readAssurance, type SaidByProvider } from './assurance.ts';
import { verifierPlace } from './begin-at-provider.ts';
import { providerAttempts, providerResults } from './identity-tables.ts';
import { secretGrammar } from './one-time-code.ts';
import type { Provider } from './providers.ts';

type Attempt = typeof providerAttempts.$inferSelect;

/** What a front end is told when nothing came of it: RFC 6749 §4.1.2.1, and RFC 9470 §5. */
type ReturnError = 'access_denied' | 'server_error' | 'temporarily_unavailable' | 'unmet_authentication_requirements';

export type Returned = Readonly<{ returnTo: string }> &
  (Readonly<{ code: string; error?: never }> | Readonly<{ error: ReturnError; code?: never }>);

/** Seconds to fetch what came back. */
const resultSeconds = 60;

/**
 * Takes somebody back from a provider: spends the state, exchanges the provider's code for an ID token, and keeps who it names for the
 * front end to fetch with a one-time code. Makes nobody a session. `undefined` for a state that is not one of ours, or was used, or is
 * another provider's: then nobody knows where to send them.
 */
export async function returnFromProvider(
  authority: Authority,
  provider: Provider,
  answer: URLSearchParams,
): Promise<Returned | undefined> {
  const state = answer.get('state') ?? '';
  const attempt = secretGrammar.test(state) ? await spendAttempt(authority, provider, hashSecret(state)) : undefined;
  if (attempt === undefined) return undefined;
  const { returnTo } = attempt;
  try {
    const said = await askForIdToken(authority, provider, { attempt, answer, state });
    return { returnTo, ...(await keepResult(authority, provider, { attempt, said })) };
  } catch (err) {
    const error = errorFor(err);
    authority.log.warn(
      { provider: provider.settings.name, error, err: plainly(err) },
      'nobody came back from a provider',
    );
    return { returnTo, error };
  }
}

/** Deleted whatever comes of it: a state is good once. */
async function spendAttempt(
  { database, now }: Authority,
  { settings }: Provider,
  stateHash: string,
): Promise<Attempt | undefined> {
  const [attempt] = await database
    .delete(providerAttempts)
    .where(
      and(
        eq(providerAttempts.stateHash, stateHash),
        eq(providerAttempts.provider, settings.name),
        gt(providerAttempts.expiresAt, new Date(now())),
      ),
    )
    .returning();
  return attempt;
}

type Coming = Readonly<{ attempt: Attempt; answer: URLSearchParams; state: string }>;

async function askForIdToken({ sealer }: Authority, provider: Provider, { attempt, answer, state }: Coming) {
  const { stateHash, sealedVerifier, nonce, maxAgeSeconds } = attempt;
  const client = await provider.client();
  const url = new URL(provider.redirectUri);
  url.search = answer.toString();
  const tokens = await oidc.authorizationCodeGrant(client, url, {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: sealer.open(sealedVerifier, verifierPlace(stateHash)).toString(),
    idTokenExpected: true,
    ...(maxAgeSeconds !== null && { maxAge: maxAgeSeconds }),
  });
  const claims = tokens.claims();
  if (claims === undefined || !nameGrammar.test(claims.sub)) throw new UnusableIdToken('it names nobody');
  return claims;
}

type Told = Readonly<{ attempt: Attempt; said: SaidByProvider & Readonly<{ sub: string }> }>;

async function keepResult(
  { database, log, now }: Authority,
  { settings }: Provider,
  { attempt, said }: Told,
): Promise<Readonly<{ code: string }> | Readonly<{ error: ReturnError }>> {
  const assurance = readAssurance(settings, said, now());
  if (assurance.outcome === 'refused') {
    log.warn({ provider: settings.name, reason: assurance.reason }, 'an ID token was not believed');
    return { error: 'server_error' };
  }
  const { acr, authTime } = assurance;
  // Never a session that the service which asked for more would send away again (RFC 9470 §5).
  if (attempt.wantedAcr !== null && attempt.wantedAcr !== acr) return { error: 'unmet_authentication_requirements' };
  const code = newSecret();
  await database.insert(providerResults).values({
    codeHash: hashSecret(code),
    provider: settings.name,
    clientId: attempt.clientId,
    challenge: attempt.challenge,
    issuer: settings.issuer,
    externalSubject: said.sub,
    acr,
    authTime,
    linkingSession: attempt.linkingSession,
    expiresAt: after(new Date(now()), resultSeconds),
  });
  return { code };
}

class UnusableIdToken extends Error {}

function errorFor(error: unknown): ReturnError {
  if (error instanceof UnusableIdToken) return 'server_error';
  if (error instanceof oidc.AuthorizationResponseError) {
    if (error.error === 'unmet_authentication_requirements') return error.error;
    if (error.error === 'temporarily_unavailable') return error.error;
    // Whatever else a provider says at this point, it says because somebody was not let in.
    return 'access_denied';
  }
  if (error instanceof oidc.ResponseBodyError) return error.status >= 500 ? 'temporarily_unavailable' : 'server_error';
  if (error instanceof oidc.ClientError) return isOutage(error) ? 'temporarily_unavailable' : 'server_error';
  // A TypeError is how `fetch` says that there was no answer; anything else is ours, such as the database.
  return 'temporarily_unavailable';
}

/** No answer at all, or one that a broken server gives. What was answered and does not hold is a refusal. */
function isOutage({ code, cause }: oidc.ClientError): boolean {
  if (code === 'OAUTH_TIMEOUT' || code === 'OAUTH_ABORT') return true;
  if (cause instanceof Response) return cause.status >= 500;
  // The library's word for an error of the transport.
  return code === undefined;
}

/** Causes of the library's errors hold responses, and with them tokens. */
function plainly(error: unknown): unknown {
  return error instanceof Error ? { name: error.name, message: error.message, ...codeOf(error) } : error;
}

function codeOf(error: Error): Readonly<{ code?: unknown; error?: unknown }> {
  return {
    ...('code' in error && { code: error.code }),
    ...('error' in error && { error: error.error }),
  };
}
