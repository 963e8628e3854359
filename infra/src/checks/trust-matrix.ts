import { ownStaleness, trustMatrix, trustTiers, type TrustTier } from '@sallyport/auth';
import { fallbackOutcomes, feedStates, type FallbackCell, type FeedState } from '@sallyport/auth/testing';

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
    '## Each cell',
    '',
    'What somebody with a good token gets: the evidence of the principal, nobody in particular, or 503. Two outcomes: while the',
    'authority answers / while it does not. A fault test drives the gates into each cell.',
    '',
    `| tier | ${states.map((state) => feedStates[state]).join(' | ')} |`,
    `|---|${states.map(() => '---|').join('')}`,
    ...trustTiers.map(
      (tier) => `| \`${tier}\` | ${states.map((s) => outcome(fallbackOutcomes[tier][s])).join(' | ')} |`,
    ),
    '',
    '## What a bound is made of',
    '',
    'Added up when a service starts, with what it adds of its own (`staleness` of `openGates`); a sum that does not fit keeps it from',
    'starting. An issuer without a feed is believed for as long as its configuration says, which is no longer than its',
    'tokens live.',
    '',
    '| part | by default |',
    '|---|---|',
    ...Object.entries(ownStaleness).map(([part, ms]) => `| \`${part}\` | ${ms / 1000} s |`),
    '',
  ].join('\n');
}

/** In words, what a "yes" of a tier rests on. */
const evidence: Readonly<Record<TrustTier, string>> = {
  publicRead: 'none',
  authenticatedRead: 'local + feed',
  standardWrite: 'local + live feed',
  privilegedWrite: 'fresh',
  regulatedAction: 'fresh + recent second factor + idempotency key',
};

const states: readonly FeedState[] = ['alive', 'bridged', 'beyond10', 'beyond60', 'never'];

function outcome({ answers, unreachable }: FallbackCell): string {
  return answers === unreachable ? answers : `${answers} / ${unreachable}`;
}

function cells(tier: TrustTier): string[] {
  const { gate, stalenessBoundSeconds } = trustMatrix[tier];
  const bound = stalenessBoundSeconds === null ? '–' : `${stalenessBoundSeconds} s`;
  return [`\`${tier}\``, gate === 'none' ? '–' : gate, evidence[tier], bound, whenSilent(tier)];
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
