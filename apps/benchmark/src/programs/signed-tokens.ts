import { systemClock } from '@sallyport/auth';
import { testAuthority } from '@sallyport/auth/testing';

export const audience = 'catalog';

export type SignedTokens = Awaited<ReturnType<typeof signedTokens>>;

/** An issuer with a key of its own, and people's tokens that it signed, with every claim that the house's have. */
export async function signedTokens(count: number) {
  const authority = await testAuthority(systemClock);
  const tokens = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      authority.userToken({ audience, scope: 'catalog:read', subject: `u_${index}`, session: `${index}.benchmark` }),
    ),
  );
  let turn = 0;
  /** One after the other, and again from the first. */
  const next = (): string => {
    turn = turn + 1 === tokens.length ? 0 : turn + 1;
    return tokens[turn] ?? '';
  };
  const { issuer, keys, keySet, feed } = authority;
  return { issuer, keys, keySet: { keys: [...keySet().keys] }, feed, tokens, next };
}
