import { readFile } from 'node:fs/promises';
import type { Authority } from '../authority.ts';
import { newestRuleSet, publishRuleSet } from './rule-sets.ts';

const file = new URL('../../policy/house-rules.json', import.meta.url);

/** The rule set that a new house begins with. */
export async function houseRules(): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8'));
}

/** Publishes the house rules where there are no rules yet. Safe from several processes at once; what is there stays. */
export async function ensureRuleSet(store: Pick<Authority, 'database' | 'now'>): Promise<void> {
  if ((await newestRuleSet(store.database)) !== undefined) return;
  await publishRuleSet(store, await houseRules(), { because: 'the rules that a new house begins with' });
}
