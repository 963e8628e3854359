import { setTimeout as wait } from 'node:timers/promises';
import { trustMatrix, trustTiers } from '@sallyport/auth';
import { z } from 'zod';
import type { ServiceLine } from './service-line.ts';

const decisionRecord = z.object({
  service: z.string(),
  path: z.string(),
  tier: z.enum(trustTiers),
  outcome: z.string(),
  evidence: z.string().optional(),
  traceId: z.string(),
  tookMs: z.number(),
});

/** What a gate decided about a call, as the service logged it. */
export type LoggedDecision = Readonly<z.output<typeof decisionRecord>>;

export type LogBook = Readonly<{
  write: (line: ServiceLine) => void;
  lines: readonly ServiceLine[];
  /** What the gates decided under a trace, in the order in which the services said so. Waits up to a second for the first of `service`. */
  decisions: (traceId: string, service: string) => Promise<readonly LoggedDecision[]>;
}>;

/** Keeps every line of a system of ours. Gates say what they decided only at log level debug. */
export function openLogBook(): LogBook {
  const lines: ServiceLine[] = [];
  const byTrace = new Map<string, LoggedDecision[]>();
  return {
    lines,
    write: (line) => {
      lines.push(line);
      const { success, data } = decisionRecord.safeParse(line.record);
      if (success) byTrace.set(data.traceId, [...(byTrace.get(data.traceId) ?? []), data]);
    },
    decisions: async (traceId, service) => {
      const untilMs = performance.now() + 1000;
      for (;;) {
        const found = byTrace.get(traceId) ?? [];
        if (performance.now() > untilMs || found.some((decision) => decision.service === service)) return found;
        await wait(10);
      }
    },
  };
}

/** The gate that decided: by the evidence of who was admitted, else by what the tier asks for. */
export function gateOf({ evidence, tier }: LoggedDecision): string {
  switch (evidence) {
    case 'local':
    case 'degraded':
      return `local gate (${evidence})`;
    case 'propagated':
      return 'local gate (transaction token)';
    case 'fresh':
    case 'fresh+mfa':
      return `fresh gate (${evidence})`;
    default:
      return trustMatrix[tier].gate === 'none' ? 'no gate' : `${trustMatrix[tier].gate} gate`;
  }
}
