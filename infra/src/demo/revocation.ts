import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { reasonOf, statusOf, type Credentials } from '@sallyport/client';
import { bearing, openDevice, type Device } from '../device.ts';
import { refusalOf } from './refusal.ts';
import type { StepResult } from './step.ts';
import type { Product, Scene, Tell } from './story.ts';

/** Promise P2: milliseconds after a revocation returned from which catalog refuses, with the feed alive. */
const catalogBoundMs = 5000;

type Cast = Readonly<{ phone: Device; credentials: Credentials; product: Product }>;

/** Signed out from another device: payments refuses at once, catalog within its bound. */
export async function revokeElsewhere(
  { urls }: Scene,
  tell: Tell,
  { phone, credentials, product }: Cast,
): Promise<void> {
  // What a thief would hold: the tokens themselves, good for minutes yet.
  const stolen = await phone.tokens();
  const laptop = openDevice(urls);
  let revokedAtMs = 0;

  await tell('sign out elsewhere: a laptop ends this session', async () => {
    await laptop.client.signIn(credentials);
    const { ended } = await laptop.client.auth.sessions.end.mutate({ session: stolen.session.id });
    assert.ok(ended);
    revokedAtMs = performance.now();
    return { decision: `session ${stolen.session.id} is revoked`, answer: laptop.lastAnswer() };
  });
  await tell('the very next payment', async () => {
    const payments = phone.raw('payments', { ...bearing(stolen, 'payments'), 'idempotency-key': 'after-revocation' });
    const refusal = await refusalOf(payments.pay.mutate(product));
    assert.deepEqual([statusOf(refusal), reasonOf(refusal)], [401, 'invalid_token']);
    return { decision: 'refused: 401 invalid_token', answer: phone.lastAnswer() };
  });
  await tell('catalog, with the same session', () => untilCatalogRefuses(phone, stolen, revokedAtMs));
}

async function untilCatalogRefuses(
  phone: Device,
  stolen: Awaited<ReturnType<Device['tokens']>>,
  revokedAtMs: number,
): Promise<StepResult> {
  const catalog = phone.raw('catalog', bearing(stolen, 'catalog'));
  for (;;) {
    const askedAfterMs = performance.now() - revokedAtMs;
    const refusal: unknown = await catalog.products.mine.query({}).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refusal !== undefined) {
      assert.deepEqual([statusOf(refusal), reasonOf(refusal)], [401, 'invalid_token']);
      return {
        decision: 'refused: 401 invalid_token',
        answer: phone.lastAnswer(),
        details: [`${Math.round(askedAfterMs)} ms after the revocation returned; the bound is ${catalogBoundMs} ms`],
      };
    }
    assert.ok(
      askedAfterMs <= catalogBoundMs,
      `catalog still served ${Math.round(askedAfterMs)} ms after the revocation`,
    );
    await wait(5);
  }
}

/** An old refresh token that comes after its successor was used is a copy: it ends the whole token family. */
export async function replayOldRefreshToken({ urls }: Scene, tell: Tell, credentials: Credentials): Promise<void> {
  const tablet = openDevice(urls);
  await tell('replay an old refresh token', async () => {
    await tablet.client.signIn(credentials);
    const { refreshToken: first } = await tablet.tokens();
    const auth = tablet.raw('auth');
    const { refreshToken: second } = await auth.refresh.mutate({ refreshToken: first });
    const { refreshToken: third } = await auth.refresh.mutate({ refreshToken: second });
    const replayed = await refusalOf(auth.refresh.mutate({ refreshToken: first }));
    const answer = tablet.lastAnswer();
    assert.equal(reasonOf(replayed), 'invalid_token');
    const newest = await refusalOf(auth.refresh.mutate({ refreshToken: third }));
    assert.equal(reasonOf(newest), 'invalid_token');
    return { decision: 'refused, and the newest with it: the family is dead', answer };
  });
}
