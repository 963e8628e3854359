import { readRuleSet } from '@sallyport/auth/policy';

export type RuleDifferences = Readonly<{ added: readonly string[]; removed: readonly string[]; unchanged: number }>;

/** What one rule set has and the other has not, each rule and each kind as a line of JSON. Their order means nothing. */
export function ruleDifferences(before: unknown, after: unknown): RuleDifferences {
  const [old, fresh] = [before === undefined ? [] : linesOf(before), linesOf(after)];
  return {
    added: fresh.filter((line) => !old.includes(line)),
    removed: old.filter((line) => !fresh.includes(line)),
    unchanged: fresh.filter((line) => old.includes(line)).length,
  };
}

function linesOf(value: unknown): string[] {
  const { kinds, rules } = readRuleSet(value);
  const kindLines = [...kinds].map(([kind, attributes]) => JSON.stringify({ kind, ...Object.fromEntries(attributes) }));
  return [...kindLines, ...rules.map((rule) => JSON.stringify(rule))];
}
