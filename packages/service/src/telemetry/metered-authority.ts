import type { AskAuthority } from '@sallyport/auth';
import { noMeters, type Asked } from './meters.ts';
import type { Telemetry } from './telemetry.ts';

/** Measures each call of the authority, retries and the wait for them included. Belongs directly under `coalescingAuthority`. */
export function meteredAuthority(ask: AskAuthority, { meters }: Telemetry): AskAuthority {
  if (meters === noMeters) return ask;
  return async (questions, signal) => {
    const startedAtMs = performance.now();
    let outcome: Asked['outcome'] = 'failed';
    try {
      const answers = await ask(questions, signal);
      outcome = 'answered';
      return answers;
    } finally {
      const seconds = (performance.now() - startedAtMs) / 1000;
      meters.asked({ questions: questions.length, seconds, outcome });
    }
  };
}
