import { matchingLines, type Problem, type SourceFile } from './source-files.ts';

export function onlyErrorsAreClasses(files: readonly SourceFile[]): Problem[] {
  const notAnError = /^\s*(?:export\s+)?(?:abstract\s+)?class\s+\w+(?!.*\bextends\s+\w*Error\b)/;
  return typescript(files).flatMap((file) =>
    matchingLines(file, notAnError, 'a class that is no error: write functions'),
  );
}

export function noMachinePaths(files: readonly SourceFile[]): Problem[] {
  const machinePath = /(?<![\w.~-])\/(?:work|root|home|Users)\/\w/;
  return files.flatMap((file) => matchingLines(file, machinePath, 'a path of one machine'));
}

export function noRegistryHosts(files: readonly SourceFile[]): Problem[] {
  const registry =
    /https?:\/\/[\w.-]*(?:registry|mirror|artifactory|nexus|verdaccio)|^\s*(?:tarball|resolved):? .*https?:/;
  return files.flatMap((file) =>
    matchingLines(file, registry, 'a package registry: that is the choice of whoever installs'),
  );
}

export function noTestIsLeftOut(files: readonly SourceFile[]): Problem[] {
  return typescript(files).flatMap((file) => {
    const lines = file.text.split('\n');
    return lines.flatMap((line, index): Problem[] => {
      const [, how] = /\b(?:test|it|describe|suite)(?:\.\w+)*\.(only|skip|todo)\b/.exec(line) ?? [];
      if (how === undefined) return [];
      if (how === 'only') return [{ path: file.path, line: index + 1, message: '.only leaves out all other tests' }];
      const isExplained = line.includes('//') || lines[index - 1]?.trimStart().startsWith('//') === true;
      return isExplained
        ? []
        : [{ path: file.path, line: index + 1, message: `.${how} without a comment that says why` }];
    });
  });
}

export function disablingHasAReason(files: readonly SourceFile[]): Problem[] {
  const unexplained = /\/[/*]\s*(?:ox|es)lint-disable(?!.*? -- \S)/;
  return typescript(files).flatMap((file) =>
    matchingLines(file, unexplained, 'a rule is switched off: say why after " -- "'),
  );
}

function typescript(files: readonly SourceFile[]): readonly SourceFile[] {
  return files.filter(({ path }) => path.endsWith('.ts') && !path.startsWith('infra/src/checks/tidy/'));
}
