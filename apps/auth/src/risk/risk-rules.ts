/** What can look wrong about a session, compared with what its subject did before. */
export const riskSignals = ['impossible move', 'device changed', 'new device', 'new network'] as const;
export type RiskSignal = (typeof riskSignals)[number];

export const riskLevels = ['low', 'raised', 'high'] as const;
export type RiskLevel = (typeof riskLevels)[number];

export function isRiskLevel(text: string): text is RiskLevel {
  return riskLevels.some((level) => level === text);
}

type RiskRule = Readonly<{
  /** All of them. */
  when: readonly RiskSignal[];
  level: Exclude<RiskLevel, 'low'>;
  /** Whether a second factor shows that all is well. If not, the session looks wrong until it ends. */
  settledBySecondFactor: boolean;
}>;

/** What makes a session suspicious. The first row whose signals are all there decides; without one, the level is low. */
export const riskRules: readonly RiskRule[] = [
  // Nobody is in two places: one of the two has what only the other should have.
  { when: ['impossible move'], level: 'high', settledBySecondFactor: false },
  // A session does not move from one device to another: its refresh token was copied.
  { when: ['device changed'], level: 'high', settledBySecondFactor: false },
  { when: ['new device', 'new network'], level: 'high', settledBySecondFactor: true },
  { when: ['new device'], level: 'raised', settledBySecondFactor: true },
  { when: ['new network'], level: 'raised', settledBySecondFactor: true },
];

/**
 * What a session of a level is asked for behind the fresh gate, of an account that has a second factor: one that is at most so
 * old. On `privilegedWrite` that is asked for besides, on `regulatedAction` it stands in for a longer time. Seconds.
 */
export const secondFactorWithinSeconds = {
  low: undefined,
  raised: 15 * 60,
  high: 60,
} as const satisfies Record<RiskLevel, number | undefined>;

/** What a session looks like, and why. */
export type Suspicion = Readonly<{ level: RiskLevel; signals: readonly RiskSignal[] }>;

export const unsuspected: Suspicion = { level: 'low', signals: [] };

/** Reads the table. Pure. */
export function judge(signals: readonly RiskSignal[]): Suspicion {
  const rule = riskRules.find(({ when }) => when.every((signal) => signals.includes(signal)));
  return { level: rule?.level ?? 'low', signals: riskSignals.filter((signal) => signals.includes(signal)) };
}

/** What is left of a suspicion once a second factor was shown. Pure. */
export function settle({ signals }: Suspicion): Suspicion {
  const lasting = new Set(riskRules.filter((rule) => !rule.settledBySecondFactor).flatMap(({ when }) => when));
  return judge(signals.filter((signal) => lasting.has(signal)));
}

/** Both. Nothing that was seen is forgotten. Pure. */
export function together(one: Suspicion, other: Suspicion): Suspicion {
  return judge([...one.signals, ...other.signals]);
}
