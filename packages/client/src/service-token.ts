import * as z from 'zod';
import { AuthorityUnavailable } from './authority-failure.ts';
import type { ServiceToken, TokenEndpoint } from './token-endpoint.ts';

export type ServiceTokens = Readonly<{
  /** A token of this service for one audience, with at least a few seconds of life left. */
  token: (audience: string, scope: string) => Promise<ServiceToken>;
  /** Drops a token that a peer refused, so that the next `token` asks for another. */
  forget: (token: string) => void;
}>;

type Held = Readonly<{ token: ServiceToken; renewAtMs: number; unusableAtMs: number }>;

const opaque = z.string().brand<'ServiceToken'>();

/**
 * This service's own tokens (client credentials, RFC 6749 §4.4), one per audience and scope.
 *
 * Asked for once however many wait. In the last fifth of its life a token is still given out while the next one is
 * fetched, so a short outage of the authority is not felt. Life is counted on monotonic time from before the request.
 */
export function openServiceTokens(endpoint: TokenEndpoint, monotonicMs: () => number): ServiceTokens {
  const held = new Map<string, Held>();
  const underWay = new Map<string, Promise<ServiceToken>>();

  const renew = (audience: string, scope: string): Promise<ServiceToken> => {
    const key = `${audience} ${scope}`;
    const already = underWay.get(key);
    if (already) return already;
    const renewal = fetchToken(endpoint, { audience, scope }, monotonicMs())
      .then((next) => {
        held.set(key, next);
        return next.token;
      })
      .finally(() => underWay.delete(key));
    underWay.set(key, renewal);
    return renewal;
  };

  return {
    async token(audience, scope) {
      const current = held.get(`${audience} ${scope}`);
      const now = monotonicMs();
      if (current === undefined || now >= current.unusableAtMs) return renew(audience, scope);
      // A renewal that fails here has harmed nobody yet; whoever comes next tries again.
      if (now >= current.renewAtMs) renew(audience, scope).catch(() => {});
      return current.token;
    },
    forget(token) {
      for (const [key, entry] of held) if (entry.token === token) held.delete(key);
    },
  };
}

async function fetchToken(
  endpoint: TokenEndpoint,
  target: Readonly<{ audience: string; scope: string }>,
  askedAtMs: number,
): Promise<Held> {
  const answer = await endpoint({ grant_type: 'client_credentials', ...target });
  if (answer.expiresInSeconds === undefined) throw new AuthorityUnavailable('a token came without its lifetime');
  const lifeMs = answer.expiresInSeconds * 1000;
  return {
    token: opaque.parse(answer.token),
    renewAtMs: askedAtMs + lifeMs * 0.8,
    unusableAtMs: askedAtMs + lifeMs - Math.min(10_000, lifeMs * 0.1),
  };
}
