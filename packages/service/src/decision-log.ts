import type { Decision } from '@sallyport/auth';
import type { Log } from './log.ts';
import { noMeters, type Meters } from './telemetry/meters.ts';

/**
 * One line for each decision of the gates: refusals and admitted writes at `info`, admitted reads at `debug`, because they
 * are most of the traffic and have their line as a request already. All are counted. For `onDecision` of `openGates`.
 */
export function decisionLog(log: Log, meters: Meters = noMeters): (decision: Decision) => void {
  return (decision) => {
    meters.decided(decision);
    const isAdmittedRead =
      decision.outcome === 'admitted' && (decision.tier === 'publicRead' || decision.tier === 'authenticatedRead');
    const level = isAdmittedRead ? 'debug' : 'info';
    if (!log.isLevelEnabled(level)) return;
    const tookMs = Math.round(decision.tookMs * 10) / 10;
    log[level]({ ...decision, tookMs }, 'decision');
  };
}
