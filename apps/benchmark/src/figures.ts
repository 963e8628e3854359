import type { Figure } from './figure.ts';
import { signedInRead } from './figures/b01-signed-in-read.ts';
import { coldVerify } from './figures/b02-cold-verify.ts';
import { usualRead } from './figures/b03-usual-read.ts';
import { readOverHttp } from './figures/b04-read-over-http.ts';
import { warmVerify } from './figures/b05-warm-verify.ts';
import { freshCheck } from './figures/b06-fresh-check.ts';
import { introspection } from './figures/b07-introspection.ts';
import { introspectionLimits } from './figures/b08-introspection-limits.ts';
import { revocation } from './figures/b09-revocation.ts';
import { manySessions } from './figures/b10-many-sessions.ts';
import { memory } from './figures/b11-memory.ts';
import { payment } from './figures/b12-payment.ts';
import { tokenSize } from './figures/b13-token-size.ts';
import { signIn } from './figures/b14-sign-in.ts';
import { tokenIssue } from './figures/b15-token-issue.ts';
import { decisionStages } from './figures/c01-decision-stages.ts';

/** In the order in which they are measured: those that share a system behind each other. */
export const figures: readonly Figure[] = [
  signedInRead,
  usualRead,
  readOverHttp,
  coldVerify,
  warmVerify,
  freshCheck,
  introspection,
  introspectionLimits,
  manySessions,
  revocation,
  payment,
  memory,
  signIn,
  tokenSize,
  tokenIssue,
  decisionStages,
];
