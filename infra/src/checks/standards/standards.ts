import {
  exchange,
  introspection,
  revocation,
  securityPractice,
  senderConstraint,
  transactionTokens,
} from './oauth-rows.ts';
import { authentication, edgeBugs, secondFactors, sessionBugs } from './sign-in-rows.ts';
import type { Standard } from './standard-row.ts';
import { accessTokens, jwtPractice, metadataAndKeys, stepUp } from './token-rows.ts';

/** What this system is held against, in the order of `docs/standards.md`. */
export const standards: readonly Standard[] = [
  securityPractice,
  jwtPractice,
  accessTokens,
  introspection,
  revocation,
  stepUp,
  exchange,
  transactionTokens,
  senderConstraint,
  metadataAndKeys,
  secondFactors,
  authentication,
  sessionBugs,
  edgeBugs,
];
