import { followPolicy, type PolicyFeed } from '@sallyport/auth';
import { openPolicyRules } from '@sallyport/auth/policy';
import type { Log } from '@sallyport/service';
import { productVocabulary } from './product-rules.ts';

/** Follows the authority's rule sets, as far as they are about products. */
export function openPolicy(load: (signal: AbortSignal) => Promise<unknown>, log: Log): PolicyFeed {
  return followPolicy({
    load,
    open: (ruleSet) => openPolicyRules(ruleSet, productVocabulary),
    onRules: (version) => log.info({ version }, 'rules in force'),
    onAlarm: (isOn, err) => log[isOn ? 'error' : 'info']({ isOn, err }, 'the rules may not be the newest'),
  });
}
