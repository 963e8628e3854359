import { signInChangedMail } from '../accounts/mail-texts.ts';
import type { AuditEvent } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { emailOf } from '../sign-in/accounts.ts';

type FactorAction = Extract<
  AuditEvent['action'],
  'factor.enrolled' | 'factor.removed' | 'factor.locked' | 'recovery-codes.made' | 'recovery-code.used'
>;

const sentences: Readonly<Record<FactorAction, string>> = {
  'factor.enrolled': 'a second factor was added',
  'factor.removed': 'a second factor was removed, and every session was ended',
  'factor.locked': 'too many wrong codes were tried, and no code is taken until you recover',
  'recovery-codes.made': 'new recovery codes were made, and those before are void',
  'recovery-code.used': 'a recovery code was used',
};

/** What happened to somebody's factors, for the audit log. */
export function factorEvent(
  action: FactorAction,
  subject: string,
  detail?: Readonly<{ kind: 'totp' | 'passkey' }>,
): AuditEvent {
  return { action, actor: `subject:${subject}`, subject, ...(detail && { detail }) };
}

/**
 * Tells the owner of the account by mail, once it is true and after the answer has left (NIST SP 800-63B-4 §4.1.2.1, §4.2.3): who
 * changed it may not be them. Nobody waits for it, and an account without an address gets none.
 */
export function mailFactorNews(authority: Authority, action: FactorAction, subject: string): void {
  authority.later.run('mail about a factor', async () => {
    const to = await emailOf(authority, subject);
    if (to !== undefined) await authority.sendMail(signInChangedMail(to, sentences[action]));
  });
}
