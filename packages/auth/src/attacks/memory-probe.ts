import { openForge } from './forge.ts';
import { postSentry } from './sentry.ts';

// A process of its own, for a test that measures it: shows distinct good tokens to the local gate, and prints how its memory grew
// since the first few thousand. Run with --expose-gc.

const [count = 0] = process.argv.slice(2).map(Number);
const warmUp = 2000;
const together = 32;
const mebibyte = 1024 * 1024;

const forge = await openForge();
const sentry = await postSentry(forge);

async function show(tokens: number): Promise<number> {
  let admitted = 0;
  for (let shown = 0; shown < tokens; shown += together) {
    const answers = await Promise.all(
      Array.from({ length: Math.min(together, tokens - shown) }, () => sentry.local(forge.good())),
    );
    admitted += answers.filter(({ heard }) => heard === 'admitted').length;
  }
  return admitted;
}

/** Resident memory once nothing is left to collect. */
function residentMebibytes(): number {
  for (let times = 0; times < 3; times += 1) globalThis.gc?.();
  return process.memoryUsage().rss / mebibyte;
}

await show(warmUp);
const before = residentMebibytes();
let admitted = 0;
let most = before;
for (let part = 0; part < 10; part += 1) {
  admitted += await show(count / 10);
  most = Math.max(most, residentMebibytes());
  process.stderr.write(`${admitted} tokens, ${Math.round(most - before)} MiB more\n`);
}
sentry.close();
process.stdout.write(JSON.stringify({ admitted, grownMebibytes: Math.round(most - before) }));
