import type { Decision } from '@sallyport/auth';
import type { Log } from './log.ts';

/**
 * One line for each decision of the gates: refusals and admitted writes at `info`, admitted reads at `debug`, because they
 * are most of the traffic and have their line as a request already. For `onDecision` of `openGates`.
 */
export function decisionLog(log: Log): (decision: Decision) => void {
  return (decision) => {
    const isAdmittedRead =
      decision.outcome === 'admitted' && (decision.tier === 'publicRead' || decision.tier === 'authenticatedRead');
    const tookMs = Math.round(decision.tookMs * 10) / 10;
    log[isAdmittedRead ? 'debug' : 'info']({ ...decision, tookMs }, 'decision');
  };
}
