import type { Decision } from '@sallyport/auth';
import type { Log } from './log.ts';
import { noTelemetry, tellDecision, type Telemetry } from './telemetry/telemetry.ts';

/**
 * One line for each decision of the gates: refusals and admitted writes at `info`, admitted reads at `debug`, because they
 * are most of the traffic and have their line as a request already. All are told to `telemetry`. For `onDecision` of `openGates`.
 */
export function decisionLog(log: Log, telemetry: Telemetry = noTelemetry): (decision: Decision) => void {
  return (decision) => {
    tellDecision(telemetry, decision);
    const isAdmittedRead =
      decision.outcome === 'admitted' && (decision.tier === 'publicRead' || decision.tier === 'authenticatedRead');
    const level = isAdmittedRead ? 'debug' : 'info';
    if (!log.isLevelEnabled(level)) return;
    const tookMs = Math.round(decision.tookMs * 10) / 10;
    const { trace, ...told } = decision;
    log[level]({ ...told, traceId: trace.traceId, tookMs }, 'decision');
  };
}
