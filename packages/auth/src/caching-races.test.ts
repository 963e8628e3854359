import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cachingVerifier } from './caching-verifier.ts';
import { openGates } from './gates.ts';
import { localVerifier } from './local-verifier.ts';
import { openRequest } from './request-context.ts';
import { followRevocations } from './revocation-feed.ts';
import { heldClock, testAuthority } from './testing.ts';
import type { TokenVerifier } from './token-verifier.ts';

const what = ['session', 'token', 'key', 'subject', 'withdrawal', 'withdrawal'] as const;
type Ending = (typeof what)[number];

/** Gates whose signature checks answer when the scheduler says, before or after whatever else happens. */
async function open(scheduler: fc.Scheduler, keep: 'each' | 'returning') {
  const clock = heldClock();
  const authority = await testAuthority(clock);
  await authority.rotateKey('key-2');
  const token = await authority.userToken({ audience: 'catalog', scope: 's', claims: { jti: 'j' } });
  await authority.rotateKey('key-3');
  const { issuer, keys } = authority;
  const signed = localVerifier({ issuer, audience: 'catalog', keys, clock });
  let answered = Promise.withResolvers<void>();
  const slow: TokenVerifier = {
    ...signed,
    verify: async (text) => {
      const verification = await signed.verify(text);
      answered.resolve();
      return scheduler.schedule(Promise.resolve(verification), 'signature checked');
    },
  };
  const local = cachingVerifier(slow, { clock, epoch: keys.epoch, keep });
  const revocations = followRevocations(authority.feed, { clock });
  const gates = openGates({ issuers: [{ issuer, local, revocations }], clock });
  await Promise.resolve(); // the feed's first heartbeat
  const headers = (name: string) => (name === 'Authorization' ? [`Bearer ${token}`] : []);
  const end: Record<Ending, () => unknown> = {
    session: () => authority.revoke({ kind: 'session', session: '1.test' }),
    token: () => authority.revoke({ kind: 'token', tokenId: 'j' }),
    key: () => authority.revoke({ kind: 'key', keyId: 'key-2' }),
    subject: () => authority.revoke({ kind: 'subject', subject: 'u_ada', upToSerial: 1 }),
    withdrawal: () => authority.withdrawKey('key-2'),
  };
  return {
    /** The next signature check is done, and its answer is in the scheduler's hands. */
    nextCheck: () => {
      answered = Promise.withResolvers();
      return answered.promise;
    },
    standing: () => openRequest({ gates, clock, headers, tiers: ['authenticatedRead'] }).standing('bearer'),
    end,
    close: revocations.close,
  };
}

test.each(['each', 'returning'] as const)(
  'a check that began before a token ended never lets a request in that began after (%s kept)',
  async (keep) => {
    const steps = fc.array(fc.oneof({ weight: 4, arbitrary: fc.constant('request') }, fc.constantFrom(...what)), {
      minLength: 3,
      maxLength: 12,
    });
    let refusedAfterACheck = 0;
    const letIn: string[] = [];
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), steps, async (scheduler, story) => {
        const { standing, nextCheck, end, close } = await open(scheduler, keep);
        const ended = new Set<string>();
        let admitted = 0;
        const requests: Promise<void>[] = [];
        const request = async (): Promise<void> => {
          const endedBefore = ended.size > 0;
          const { kind } = await standing();
          if (kind === 'known') admitted += 1;
          if (endedBefore && kind !== 'refused') letIn.push(`${kind} in ${story.join(', ')}`);
          if (endedBefore && admitted > 0) refusedAfterACheck += 1;
        };
        const told = scheduler.scheduleSequence(
          story.map((step) => ({
            label: step,
            builder: async () => {
              if (step === 'request') {
                const checked = nextCheck();
                const answered = request();
                requests.push(answered);
                await Promise.race([checked, answered]);
              } else {
                await end[step]();
                ended.add(step);
              }
            },
          })),
        );
        await scheduler.waitFor(told.task);
        await scheduler.waitFor(Promise.all(requests));
        close();
        expect(letIn).toEqual([]);
      }),
      { numRuns: 150 },
    );
    expect(refusedAfterACheck).toBeGreaterThan(20);
  },
);
