import type { AuthQueries } from '../database.ts';
import type { Session } from '../sign-in/sessions.ts';

/**
 * What comes of a factor that was shown: it is right, and `spend` uses it up in the transaction that raises the session; or it
 * is not, and why.
 *
 * `spend` answers false when somebody was faster: nothing may rest on the factor then, and the transaction is undone.
 */
export type CheckedFactor =
  | Readonly<{
      outcome: 'right';
      /** What it is called in the session's `amr`. */
      amr: readonly string[];
      /** What its owner and the audit log are told of, besides the step-up. */
      news?: 'recovery-code.used';
      spend: (transaction: AuthQueries, session: Session) => Promise<boolean>;
    }>
  | Readonly<{ outcome: 'not enrolled' | 'locked' | 'recovery required' | 'wrong' }>;
