/** Everything that stands in the audit log. What the authority learns to do belongs here before it can be recorded. */
export type AuditAction =
  // Sessions and tokens.
  | 'session.started'
  | 'session.raised'
  | 'session.suspected'
  | 'session.ended'
  | 'sessions.cut-off'
  | 'refresh-token.reused'
  | 'token.revoked'
  // Accounts.
  | 'account.created'
  /** Somebody wanted to sign up with an address that has an account. */
  | 'account.sign-up-repeated'
  | 'account.disabled'
  | 'account.enabled'
  | 'email.verified'
  | 'password.changed'
  | 'password.compromised'
  /** A hundred wrong ones in a row. */
  | 'password.locked'
  | 'password.reset'
  | 'password.reset-requested'
  | 'roles.changed'
  | 'identity.linked'
  | 'identity.unlinked'
  // Factors.
  | 'factor.enrolled'
  | 'factor.removed'
  | 'factor.locked'
  | 'recovery-codes.made'
  | 'recovery-code.used'
  // Clients, rules and keys.
  | 'client.registered'
  | 'client.updated'
  | 'client.disabled'
  | 'client.enabled'
  | 'policy.published'
  | 'key.announced'
  | 'key.denied'
  // Levers.
  | 'tier.failed-closed'
  | 'tier.closed'
  | 'tier.restored'
  | 'lifetimes.clamped'
  | 'lifetimes.restored';
