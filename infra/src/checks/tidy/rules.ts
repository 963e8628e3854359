import { decisionsAreListed, linksResolve, namedPathsExist } from './docs-rules.ts';
import { longFilesHaveAReason, namesAreKebabCase, namesSaySomething, onlyPackagesHaveAnIndex } from './file-rules.ts';
import { principalsAreNotForged } from './principal-rules.ts';
import type { Problem, SourceFile } from './source-files.ts';
import {
  disablingHasAReason,
  noMachinePaths,
  noRegistryHosts,
  noTestIsLeftOut,
  onlyErrorsAreClasses,
} from './text-rules.ts';

export type Rule = Readonly<{ title: string; problems: (files: readonly SourceFile[]) => Problem[] }>;

/** The house rules that no other tool checks. */
export const rules: readonly Rule[] = [
  { title: 'names are kebab-case', problems: namesAreKebabCase },
  { title: 'names say something', problems: namesSaySomething },
  { title: 'long files have a reason', problems: longFilesHaveAReason },
  { title: 'one index.ts per package', problems: onlyPackagesHaveAnIndex },
  { title: 'only errors are classes', problems: onlyErrorsAreClasses },
  { title: 'no path of one machine', problems: noMachinePaths },
  { title: 'no package registry', problems: noRegistryHosts },
  { title: 'no test is left out silently', problems: noTestIsLeftOut },
  { title: 'rules are switched off with a reason', problems: disablingHasAReason },
  { title: 'principals are not forged', problems: principalsAreNotForged },
  { title: 'links in documents resolve', problems: linksResolve },
  { title: 'paths that documents name are there', problems: namedPathsExist },
  { title: 'decisions are numbered and listed', problems: decisionsAreListed },
];
