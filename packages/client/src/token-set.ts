// zod/mini: this file is part of what browsers load.
import * as z from 'zod/mini';

const accessToken = z.string().check(z.minLength(1)).brand<'AccessToken'>();
const refreshToken = z.string().check(z.minLength(1)).brand<'RefreshToken'>();

/** Who is signed in, and how strongly. Holds no token, so it may be shown and logged. Times are epoch seconds. */
const sessionSchema = z.object({
  id: z.string(),
  subject: z.string(),
  authTime: z.int(),
  secondFactorAt: z.optional(z.int()),
  acr: z.string(),
});

const tokenSetSchema = z.object({
  refreshToken,
  session: sessionSchema,
  accessTokens: z.record(
    z.string(),
    z.object({ token: accessToken, expiresInSeconds: z.int().check(z.positive()), scope: z.string() }),
  ),
});

/** Texts that only servers read. Never log one. */
export type AccessToken = z.output<typeof accessToken>;
export type RefreshToken = z.output<typeof refreshToken>;

export type Session = Readonly<z.output<typeof sessionSchema>>;

/** What the authority answers to sign-in, refresh and step-up: one access token for each service. */
export type TokenSet = Readonly<z.output<typeof tokenSetSchema>>;

/** Throws when the authority's answer is not a token set; the error does not hold what it said. */
export function readTokenSet(answer: unknown): TokenSet {
  const read = tokenSetSchema.safeParse(answer);
  if (!read.success) throw new Error('The authority answered without a usable set of tokens.');
  return read.data;
}
