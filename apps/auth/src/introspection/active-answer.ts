import type { IntrospectionAnswer } from '@sallyport/auth';
import { isRiskLevel, secondFactorWithinSeconds } from '../risk/risk-rules.ts';

/** Whose roles count: those at this audience, or at the audience that this service serves. */
export type Asker = Readonly<{ audience: string }> | Readonly<{ client: string }>;

export type Active = Extract<IntrospectionAnswer, { active: true }>;

/** What is read of a session that is alive. Epoch seconds. */
export type Known = Readonly<{ authTime: number; secondFactorAt: number | null; acr: string; risk: string }>;

/** What is answered about it, without roles. */
export function activeAnswer({ authTime, secondFactorAt, acr, risk }: Known, answeredAt: number): Active {
  if (!isRiskLevel(risk)) throw new Error('A live session is described in another form.');
  const withinSeconds = secondFactorWithinSeconds[risk];
  return {
    active: true,
    authTime,
    ...(secondFactorAt !== null && { secondFactorAt }),
    acr,
    ...(withinSeconds !== undefined && { secondFactorWithinSeconds: withinSeconds }),
    answeredAt,
  };
}
