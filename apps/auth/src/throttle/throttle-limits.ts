export type Limit = Readonly<{
  /** What may be used up in one window. A call costs one, if nothing else is said. */
  points: number;
  windowSeconds: number;
}>;

const minute = 60;
const quarterHour = 15 * minute;
const hour = 60 * minute;

/**
 * What may be asked for how often, counted per call and for all instances together. Names say what is counted and for whom:
 * an account (by the e-mail that was typed, whether it has one or not), a network (IPv4 address or IPv6 /64), a client.
 */
export const throttleLimits = {
  /** Forgiven by a right password. 80 an hour: 100 wrong ones in a row lock the password altogether (NIST SP 800-63B-4 §3.2.2). */
  signInOfAccount: { points: 20, windowSeconds: quarterHour },
  signInFromNetwork: { points: 120, windowSeconds: minute },
  signUpFromNetwork: { points: 30, windowSeconds: quarterHour },
  /** Going to an identity provider, coming back, and fetching the result: each is one. */
  providerFromNetwork: { points: 180, windowSeconds: minute },
  /** Tries of a second factor. How many an account has stands beside the factors. */
  secondFactorFromNetwork: { points: 120, windowSeconds: minute },
  /** A refresh costs 1, one that is refused 10 more. */
  refreshFromNetwork: { points: 3000, windowSeconds: minute },
  /** Current password of somebody who is signed in. */
  passwordOfSubject: { points: 10, windowSeconds: quarterHour },
  /** Mails that somebody is sent without having asked for them. */
  mailToAccount: { points: 5, windowSeconds: hour },
  mailFromNetwork: { points: 30, windowSeconds: quarterHour },
  /** Tokens out of mails. */
  actionFromNetwork: { points: 60, windowSeconds: quarterHour },
  /** Every form of OAuth. One that is refused costs 10 more. */
  formFromNetwork: { points: 6000, windowSeconds: minute },
  /** The same, per client that proved who it is. */
  formOfClient: { points: 6000, windowSeconds: minute },
  /** RFC 7662 §4, token fishing: a token of ours costs 1, anything else 20. */
  introspectionOfClient: { points: 12_000, windowSeconds: minute },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof throttleLimits;
