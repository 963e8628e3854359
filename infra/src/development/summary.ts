import { styleText } from 'node:util';
import { ada, demoPassword, grace, margaret, radia } from '../demo-users.ts';
import type { System } from '../system.ts';
import { totpUri } from '../totp-code.ts';
import { metricsPort } from './settings.ts';

type Summary = Readonly<{
  urls: System['urls'];
  metrics: boolean;
  database: Readonly<{ address: string; description: string }>;
  seconds: number;
}>;

/** What runs where, who can sign in, and what to try. */
export function summary({ urls, metrics, database, seconds }: Summary): string {
  const head = (text: string) => styleText('bold', text);
  return [
    '',
    head(`Sallyport is ready, after ${seconds.toFixed(1)} s.`),
    '',
    ...table([
      ['auth', urls.auth, 'the authority: sign-in, sessions, tokens, revocation'],
      ['catalog', urls.catalog, 'reads a lot, behind the local gate'],
      ['payments', urls.payments, 'moves money, behind the fresh gate'],
      ['postgres', database.address, database.description],
      ...(metrics ? [metricsRow(urls)] : []),
      ['mail', '.sallyport/mail', 'what would have been mailed, one file each'],
    ]),
    '',
    head('Demo users') + `   password of all: ${demoPassword}`,
    ...table([
      [ada.email, 'second factor: `npx pnpm totp` prints the code of now', ''],
      ['', `in an authenticator app: ${totpUri(ada.totpSeed, ada.email)}`, ''],
      [grace.email, 'no second factor; sells half of the products', ''],
      [radia.email, 'a curator at catalog (docs/policy.md)', ''],
      [margaret.email, 'runs the house (docs/runbooks); code: `npx pnpm totp margaret`', ''],
    ]),
    '',
    head('Try it'),
    `  curl '${urls.catalog}/trpc/products.list?input=%7B%22limit%22%3A2%7D'`,
    `  curl '${urls.auth}/trpc/signIn' -H 'content-type: application/json' -d '${JSON.stringify({ email: ada.email, password: demoPassword })}'`,
    `  npx pnpm demo          the whole story, step by step, on a system of its own`,
    `  npx pnpm sallyport     what who runs the house can do: people, sessions, clients, rules, keys, levers`,
    '',
    'A saved change restarts what it touches. Ctrl-C stops all.',
    '',
  ].join('\n');
}

function metricsRow({ catalog }: System['urls']): readonly [string, string, string] {
  const url = new URL('/metrics', catalog);
  url.port = String(metricsPort(Number(url.port)));
  return ['metrics', url.href, "catalog's for Prometheus; each service has its own, 200 ports above it"];
}

function table(rows: readonly (readonly [string, string, string])[]): string[] {
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
}
