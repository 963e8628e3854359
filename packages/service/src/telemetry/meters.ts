import type { BreakerTransition, ConfirmationCounts, Decision, Demotion } from '@sallyport/auth';
import type { Readings } from '../health.ts';

/**
 * What a service counts while it works. Every label is of a closed set or of the service's own router: nothing that a caller sends
 * becomes one, so neither a secret nor a flood of names gets into the metrics.
 */
export type Meters = Readonly<{
  /** `path`: one of this service's, see `openPathLabels`. */
  requestDone: (path: string, status: number, seconds: number) => void;
  decided: (decision: Decision) => void;
  asked: (asked: Asked) => void;
  demoted: (demotion: Demotion) => void;
  breakerTurned: (transition: BreakerTransition) => void;
  confirmed: (counts: ConfirmationCounts) => void;
  /** Values to be looked at when somebody reads the metrics. */
  watch: (readings: Readings) => void;
}>;

/** One call of the authority with many questions. */
export type Asked = Readonly<{ questions: number; seconds: number; outcome: 'answered' | 'failed' }>;

export const noMeters: Meters = {
  requestDone: () => {},
  decided: () => {},
  asked: () => {},
  demoted: () => {},
  breakerTurned: () => {},
  confirmed: () => {},
  watch: () => {},
};

/** What a decision rested on, by what it costs. */
export type DecisionStage =
  | 'public'
  | 'local, warm'
  | 'local, cold'
  | 'introspected'
  | 'second factor'
  | 'propagated'
  | 'refused';

export function stageOf({ outcome, evidence, cached }: Decision): DecisionStage {
  if (outcome !== 'admitted') return 'refused';
  switch (evidence) {
    case 'local':
    case 'degraded':
      return cached === true ? 'local, warm' : 'local, cold';
    case 'fresh':
      return 'introspected';
    case 'fresh+mfa':
      return 'second factor';
    case 'propagated':
      return 'propagated';
    default:
      return 'public';
  }
}
