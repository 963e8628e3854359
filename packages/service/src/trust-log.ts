import type { BreakerTransition, ConfirmationOptions, Demotion } from '@sallyport/auth';
import type { Log } from './log.ts';
import { noTelemetry, type Telemetry } from './telemetry/telemetry.ts';

/** One line when the breaker in front of the authority opens, and one when it closes. For `guardedAuthority`. */
export function breakerLog(log: Log, { meters }: Telemetry = noTelemetry): (transition: BreakerTransition) => void {
  return (transition) => {
    meters.breakerTurned(transition);
    if (transition.to === 'closed') return log.info(transition, 'breaker');
    const { error: err, ...opened } = transition;
    log.error({ ...opened, err }, 'breaker');
  };
}

/** One line for each change in how a tier is decided, with its bound. For `onDemotion` of `openGates`. */
export function demotionLog(log: Log, { meters }: Telemetry = noTelemetry): (demotion: Demotion) => void {
  return (demotion) => {
    meters.demoted(demotion);
    const silenceMs = Number.isFinite(demotion.silenceMs) ? Math.round(demotion.silenceMs) : 'never alive';
    log[demotion.to === 'local' ? 'info' : 'warn']({ ...demotion, silenceMs }, 'demotion');
  };
}

/**
 * What confirmation found: a line for each stale allow, an error for each one beyond its bound, and each minute the counts with the
 * rate. For `backgroundConfirmation`.
 */
export function confirmationLog(log: Log, { meters }: Telemetry = noTelemetry): ConfirmationReports {
  return {
    onStaleAllow: (found) => log[found.finding === 'beyond bound' ? 'error' : 'warn'](found, 'stale allow'),
    onCounts: (counts) => {
      meters.confirmed(counts);
      const stale = counts.staleAllows + counts.beyondBound;
      const settled = counts.confirmed + stale;
      log.info({ ...counts, staleAllowRate: settled === 0 ? 0 : stale / settled }, 'confirmation');
    },
  };
}

type ConfirmationReports = Required<Pick<ConfirmationOptions, 'onStaleAllow' | 'onCounts'>>;
