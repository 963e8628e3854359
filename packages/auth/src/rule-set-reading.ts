import { isJsonObject, type JsonObject } from './strict-json.ts';

/** Where in a rule set, e.g. `rules[3].conditions`. Empty for the whole. */
export type Place = string;

/** Why a rule set is not taken: one problem, with its place. */
export class RuleSetError extends Error {
  constructor(at: Place, problem: string) {
    super(`The rule set is refused: ${at === '' ? '' : `${at} `}${problem}.`);
    this.name = 'RuleSetError';
  }
}

export function inside(at: Place, member: string): Place {
  return at === '' ? shown(member) : `${at}.${shown(member)}`;
}

/** The members of an object, which has no others than the `known`. */
export function membersOf(
  value: unknown,
  { at, known }: Readonly<{ at: Place; known?: readonly string[] }>,
): JsonObject {
  if (!isJsonObject(value)) throw new RuleSetError(at, at === '' ? 'it is no JSON object' : 'is no JSON object');
  const stranger = known && Object.keys(value).find((member) => !known.includes(member));
  if (stranger !== undefined) throw new RuleSetError(inside(at, stranger), 'is not known');
  return value;
}

const nameGrammar = /^[a-z][A-Za-z0-9]{0,39}$/;

/** A kind, action or attribute: a plain word, and none that every JavaScript object has. */
export function nameOf(value: unknown, at: Place): string {
  if (typeof value !== 'string' || !nameGrammar.test(value) || value in Object.prototype) {
    throw new RuleSetError(
      at,
      `has ${shown(String(value))}, which is no name: a letter, then letters or digits, at most 40`,
    );
  }
  return value;
}

/** What an error may repeat of somebody's rule set: short, and on one line. */
export function shown(text: string): string {
  return /^[A-Za-z0-9_$-]{1,60}$/.test(text) ? text : JSON.stringify(text.slice(0, 60));
}
