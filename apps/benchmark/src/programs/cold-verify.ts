import { houseVerifier } from './house-verifier.ts';
import { offerRounds } from './in-process-round.ts';
import { awsVerifier, fastJwtVerifier, joseVerifier, jsonwebtokenVerifier, rawCheck } from './peer-verifiers.ts';
import { signedTokens } from './signed-tokens.ts';

// Tokens of which nothing is known. Sallyport keeps its cache and pays for it: the cache holds fewer tokens than come by before one
// comes again, so that each is looked for in vain, verified, and put in the place of another.

// More than the 2,000 whose spelling is remembered.
const tokens = 3000;
const held = 1000;

await offerRounds({
  sallyport: async () => houseVerifier(await signedTokens(tokens), held),
  'crypto.verify': async () => rawCheck(await signedTokens(tokens)),
  jose: async () => joseVerifier(await signedTokens(tokens)),
  'fast-jwt': async () => fastJwtVerifier(await signedTokens(tokens), 'without'),
  'aws-jwt-verify': async () => awsVerifier(await signedTokens(tokens)),
  jsonwebtoken: async () => jsonwebtokenVerifier(await signedTokens(tokens)),
});
