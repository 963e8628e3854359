import type { IntrospectionQuestion } from '@sallyport/auth';
import * as z from 'zod';

/** In one call. */
const maxQuestions = 128;
const maxIdentifierLength = 256;

/**
 * 1 to 128 questions, each of four identifiers and nothing else but perhaps `onward`, at which `onward-tokens.ts` looks: what is wrong with
 * it is no answer to the others. One function for all of them: member by member, zod takes ten times as
 * long, which is as long as `JSON.parse`.
 */
export const questionsInput = z.strictObject({ questions: z.custom<IntrospectionQuestion[]>(areQuestions) });

function areQuestions(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.length <= maxQuestions && value.every(isQuestion);
}

function isQuestion(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (!('tokenId' in value && 'session' in value && 'subject' in value && 'client' in value)) return false;
  const { tokenId, session, subject, client } = value;
  const isWhole = isIdentifier(tokenId) && isIdentifier(session) && isIdentifier(subject) && isIdentifier(client);
  return isWhole && Object.keys(value).length === ('onward' in value ? 5 : 4);
}

function isIdentifier(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= maxIdentifierLength;
}
