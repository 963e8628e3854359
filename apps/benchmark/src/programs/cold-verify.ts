import { houseVerifier } from './house-verifier.ts';
import { offerRounds } from './in-process-round.ts';
import { awsVerifier, fastJwtVerifier, joseVerifier, jsonwebtokenVerifier, rawCheck } from './peer-verifiers.ts';
import { signedTokens } from './signed-tokens.ts';

// Tokens of which nothing is known to a verifier that remembers what comes again, as a service's does. The reading of headers belongs to the
// whole process: it knows those that come by a second time, and pays for keeping them, because there are more than the 2,000 that it keeps.

const tokens = 3000;

await offerRounds({
  sallyport: async () => houseVerifier(await signedTokens(tokens), 'unknown'),
  'crypto.verify': async () => rawCheck(await signedTokens(tokens)),
  jose: async () => joseVerifier(await signedTokens(tokens)),
  'fast-jwt': async () => fastJwtVerifier(await signedTokens(tokens), 'without'),
  'aws-jwt-verify': async () => awsVerifier(await signedTokens(tokens)),
  jsonwebtoken: async () => jsonwebtokenVerifier(await signedTokens(tokens)),
});
