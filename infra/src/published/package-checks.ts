import { readFile } from 'node:fs/promises';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import type { Outcome } from '../checks/check.ts';
import { packAuth, type PackedPackage } from './packed-package.ts';

/** What a published package holds: what was built, what people read, and nothing else. */
const publishedFile = /^(?:dist\/(?:testing\/)?[a-z0-9-]+(?:\.d\.ts|\.js)|LICENSE|README\.md|package\.json)$/;
const required = ['LICENSE', 'README.md', 'dist/index.d.ts', 'dist/index.js', 'package.json'];

/** Packs `packages/auth` and looks at it as a registry, a bundler and a type checker would. */
export async function checkPublishedPackage(): Promise<readonly Outcome[]> {
  const packed = await packAuth();
  try {
    return [
      outcome('the packed package holds what was built, and no more', contentProblems(packed)),
      outcome('publint finds nothing', await publintProblems(packed)),
      outcome('the types are not wrong', await typeProblems(packed)),
    ];
  } finally {
    await packed.remove();
  }
}

function outcome(title: string, problems: readonly string[]): Outcome {
  return problems.length === 0 ? { title, result: 'passed' } : { title, result: 'failed', output: problems.join('\n') };
}

function contentProblems({ files }: PackedPackage): string[] {
  const surplus = files.filter((path) => !publishedFile.test(path)).map((path) => `${path} does not belong there`);
  const missing = required.filter((path) => !files.includes(path)).map((path) => `${path} is missing`);
  return [...surplus, ...missing];
}

async function publintProblems({ tarball }: PackedPackage): Promise<string[]> {
  const bytes = await readFile(tarball);
  const { messages, pkg } = await publint({
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
    strict: true,
  });
  return messages.map((message) => formatMessage(message, pkg, { color: false }) ?? message.code);
}

/** The package is ESM alone: what only a CommonJS `require` or the resolution of Node 10 would miss is no problem. */
const esmOnly = new Set(['node10', 'node16-cjs']);

async function typeProblems({ tarball }: PackedPackage): Promise<string[]> {
  const analysis = await checkPackage(createPackageFromTarballData(await readFile(tarball)));
  if (analysis.types === false) return ['it has no types'];
  return analysis.problems
    .filter((problem) => !('resolutionKind' in problem && esmOnly.has(problem.resolutionKind)))
    .map((problem) => JSON.stringify(problem));
}
