import { trustMatrix, trustTiers, type TrustTier } from '@sallyport/auth';

/** `docs/trust-matrix.md`, printed from the matrix that the gates read. */
export function renderTrustMatrix(): string {
  return [
    '# Trust matrix',
    '',
    '<!-- Printed from packages/auth/src/trust-tier.ts by `npx pnpm docs:write`; `npx pnpm test` fails when it is out of date. -->',
    '',
    'What each trust tier asks for, how stale its answer may be, and what happens when the authority or its revocation feed',
    'is silent.',
    '',
    '| tier | gate | evidence | staleness bound while all is well | the authority, or the feed, is silent |',
    '|---|---|---|---|---|',
    ...trustTiers.map((tier) => `| ${cells(tier).join(' | ')} |`),
    '',
  ].join('\n');
}

function cells(tier: TrustTier): string[] {
  const { gate, evidence, stalenessBoundSeconds } = trustMatrix[tier];
  const bound = stalenessBoundSeconds === null ? '–' : `${stalenessBoundSeconds} s`;
  return [`\`${tier}\``, gate === 'none' ? '–' : gate, evidence, bound, whenSilent(tier)];
}

function whenSilent(tier: TrustTier): string {
  const { gate, bridgeSilenceSeconds, beyond } = trustMatrix[tier];
  if (gate === 'fresh') return '503 within 1 s';
  switch (beyond) {
    case 'serve':
      return `serve; after ${bridgeSilenceSeconds} s as to nobody in particular`;
    case 'introspect':
      return `serve for ${bridgeSilenceSeconds} s of silence, then introspect; no answer: 503`;
    case 'unavailable':
      return `serve for ${bridgeSilenceSeconds} s of silence, then 503`;
  }
}
