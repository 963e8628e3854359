import { openForge, type Forge } from './forge.ts';
import { postSentry, type Sentry } from './sentry.ts';

// A process of its own, for a test that measures it: shows distinct good tokens to the local gate, and prints how its memory grew
// meanwhile, the cache included. Run by `measureMemory`.

const [count = 0] = process.argv.slice(2).map(Number);
const together = 32;
const mebibyte = 1024 * 1024;

async function show(tokens: number, { good }: Forge, { local }: Sentry): Promise<number> {
  let admitted = 0;
  for (let shown = 0; shown < tokens; shown += together) {
    const some = Array.from({ length: Math.min(together, tokens - shown) }, good);
    const answers = await Promise.all(some.map((token) => local(token)));
    admitted += answers.filter(({ heard }) => heard === 'admitted').length;
  }
  return admitted;
}

/** Resident memory once nothing is left to collect. */
function residentMebibytes(): number {
  for (let times = 0; times < 3; times += 1) globalThis.gc?.();
  return process.memoryUsage().rss / mebibyte;
}

/** Code is compiled, and the young generation filled, by a gate with a cache of its own that is dropped again. */
async function warmUp(): Promise<void> {
  const [forge, sentry] = await openGate();
  await show(20_000, forge, sentry);
  sentry.close();
}

async function openGate(): Promise<[Forge, Sentry]> {
  const forge = await openForge();
  return [forge, await postSentry(forge)];
}

await warmUp();
const [forge, sentry] = await openGate();
await show(100, forge, sentry);
const before = residentMebibytes();
let admitted = 0;
let most = before;
for (let part = 0; part < 10; part += 1) {
  admitted += await show(count / 10, forge, sentry);
  most = Math.max(most, residentMebibytes());
  process.stderr.write(`${admitted} tokens, ${Math.round(most - before)} MiB more\n`);
}
sentry.close();
process.stdout.write(JSON.stringify({ admitted, grownMebibytes: Math.round(most - before) }));
