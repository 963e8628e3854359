import { houseVerifier } from './house-verifier.ts';
import { offerRounds } from './in-process-round.ts';
import { fastJwtVerifier, joseVerifier } from './peer-verifiers.ts';
import { signedTokens } from './signed-tokens.ts';

// A hundred callers, each with the token that it has shown before.

const callers = 100;

await offerRounds({
  sallyport: async () => houseVerifier(await signedTokens(callers), 'again'),
  'fast-jwt': async () => fastJwtVerifier(await signedTokens(callers), 'with cache'),
  jose: async () => joseVerifier(await signedTokens(callers)),
});
