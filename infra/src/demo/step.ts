import type { Answer } from '../device.ts';
import { gateOf, type LogBook } from '../log-book.ts';

/** One line of the story. `gate` is missing when it is not known: the demo reads the logs of its own system only. */
export type StepReport = Readonly<{
  step: string;
  decision: string;
  gate?: string;
  ms: number;
  details: readonly string[];
}>;

/** What a step found out. It throws when anything was not as it must be. */
export type StepResult = Readonly<{ decision: string; answer?: Answer; details?: readonly string[]; ms?: number }>;

/** Runs one step and measures it. */
export async function runStep(
  step: string,
  work: () => Promise<StepResult>,
  log: LogBook | undefined,
): Promise<StepReport> {
  const startedAtMs = performance.now();
  const { decision, answer, details = [], ms = performance.now() - startedAtMs } = await work();
  const gate = answer === undefined || log === undefined ? undefined : await gateBehind(answer, log);
  return { step, decision, ms: Math.round(ms * 10) / 10, details, ...(gate !== undefined && { gate }) };
}

async function gateBehind({ service, traceId }: Answer, log: LogBook): Promise<string | undefined> {
  const decision = (await log.decisions(traceId, service)).findLast((candidate) => candidate.service === service);
  return decision && gateOf(decision);
}
