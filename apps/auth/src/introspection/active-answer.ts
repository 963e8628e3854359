import type { IntrospectionAnswer } from '@sallyport/auth';
import type { CarryingClient } from '../clients/carrying-clients.ts';
import { isRiskLevel, secondFactorWithinSeconds } from '../risk/risk-rules.ts';

/** Whose roles count: those at this audience, or at the audience that this service serves. */
export type Asker = Readonly<{ audience: string }> | Readonly<{ client: string }>;

export type Active = Extract<IntrospectionAnswer, { active: true }>;

/** What the database said: an answer for each question, and the clients that were asked for, as they were at the same moment. */
export type Answered = Readonly<{ answers: readonly IntrospectionAnswer[]; carriers: readonly CarryingClient[] }>;

/** What is read of a session that is alive. Epoch seconds. */
export type Known = Readonly<{ authTime: number; secondFactorAt: number | null; acr: string; risk: string }>;

/** What is answered about it; `roles` when the asker hears of them. Members are added where they are there: copies take longer than the rest. */
export function activeAnswer(
  { authTime, secondFactorAt, acr, risk }: Known,
  answeredAt: number,
  roles?: readonly string[],
): Active {
  if (!isRiskLevel(risk)) throw new Error('A live session is described in another form.');
  const answer: { -readonly [Member in keyof Active]: Active[Member] } = { active: true, authTime, acr, answeredAt };
  if (secondFactorAt !== null) answer.secondFactorAt = secondFactorAt;
  const withinSeconds = secondFactorWithinSeconds[risk];
  if (withinSeconds !== undefined) answer.secondFactorWithinSeconds = withinSeconds;
  if (roles !== undefined) answer.roles = roles;
  return answer;
}
