import type { Authority } from '../authority.ts';
import { epochSeconds } from '../moments.ts';
import { signToken } from '../tokens/sign-token.ts';

export const signedIntrospectionType = 'application/token-introspection+jwt';

/** Whether an `Accept` header asks for a signed answer (RFC 9701 §4): it names the type, and not with weight zero. */
export function asksForSigned(accept: readonly string[]): boolean {
  return accept
    .flatMap((line) => line.split(','))
    .some((range) => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      return type === signedIntrospectionType && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    });
}

/**
 * An introspection answer as a signed token (RFC 9701 §5): of its own `typ`, for the one service that asked, and without `sub` and
 * `exp` of its own, so that nobody can take it for a token that it speaks of.
 */
export function signIntrospection(
  { keys, issuer, now }: Pick<Authority, 'keys' | 'issuer' | 'now'>,
  asker: string,
  answer: Readonly<Record<string, unknown>>,
): string {
  const claims = { iss: issuer, aud: asker, iat: epochSeconds(new Date(now())), token_introspection: answer };
  return signToken(keys, 'token-introspection+jwt', claims);
}
