import { setImmediate } from 'node:timers/promises';
import { cachingVerifier } from '../caching-verifier.ts';
import { openGates } from '../gates.ts';
import { localVerifier } from '../local-verifier.ts';
import { followRevocations } from '../revocation-feed.ts';
import { openForge, type Forge } from './forge.ts';
import { postSentry, type Sentry } from './sentry.ts';

// A process of its own, for a test that measures it: shows distinct good tokens to the local gate, and prints how its memory grew
// meanwhile, the cache included. Run by `measureMemory`.

const [howMany, kept] = process.argv.slice(2);
const count = Number(howMany);
const keep = kept === 'each' ? 'each' : 'returning';
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

function residentMebibytes(): number {
  globalThis.gc?.();
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
  const sentry = await postSentry(forge, async ({ issuer, keys, clock, feed }, audience) => {
    const revocations = followRevocations(feed, { clock });
    const verifier = localVerifier({ issuer, audience, keys, clock });
    const local = cachingVerifier(verifier, { clock, epoch: keys.epoch, keep });
    while (revocations.silenceMs() === Infinity) await setImmediate();
    return { gates: openGates({ issuers: [{ issuer, local, revocations }], clock }), revocations };
  });
  return [forge, sentry];
}

await warmUp();
const [forge, sentry] = await openGate();
await show(100, forge, sentry);
const before = residentMebibytes();
const grown: number[] = [];
let admitted = 0;
for (let part = 0; part < 20; part += 1) {
  admitted += await show(count / 20, forge, sentry);
  grown.push(Math.round(residentMebibytes() - before));
  process.stderr.write(`${admitted} tokens, ${grown.at(-1)} MiB more\n`);
}
sentry.close();
// V8 holds on to tens of megabytes of free pages, now more, now fewer. What is kept for good is no more than the least that the
// process was seen with, in the second half.
process.stdout.write(JSON.stringify({ admitted, grownMebibytes: Math.min(...grown.slice(10)) }));
