import { houseVerifier } from './house-verifier.ts';
import { offerRounds } from './in-process-round.ts';
import {
  awsVerifier,
  fastJwtVerifier,
  joseVerifier,
  jsonwebtokenVerifier,
  rawCheck,
  rawRead,
} from './peer-verifiers.ts';
import { signedTokens } from './signed-tokens.ts';

// Tokens of which nothing is known to a verifier that remembers what comes again, as a service's does.

const tokens = 3000;

await offerRounds({
  sallyport: async () => houseVerifier(await signedTokens(tokens), 'unknown'),
  'crypto.verify': async () => rawCheck(await signedTokens(tokens)),
  'crypto.verify and JSON.parse': async () => rawRead(await signedTokens(tokens)),
  jose: async () => joseVerifier(await signedTokens(tokens)),
  'fast-jwt': async () => fastJwtVerifier(await signedTokens(tokens), 'without'),
  'aws-jwt-verify': async () => awsVerifier(await signedTokens(tokens)),
  jsonwebtoken: async () => jsonwebtokenVerifier(await signedTokens(tokens)),
});
