import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { challengeOf, reasonOf, statusOf } from '@sallyport/client';
import { openDevice, type Device } from '../device.ts';
import type { LogBook } from '../log-book.ts';
import type { System } from '../system.ts';
import { totpCode, untilPeriodHasTime } from '../totp-code.ts';
import { describePrice } from './price.ts';
import { refusalOf } from './refusal.ts';
import { replayOldRefreshToken, revokeElsewhere } from './revocation.ts';
import type { StepResult } from './step.ts';

export type Scene = Readonly<{ urls: System['urls']; log: LogBook | undefined }>;
export type Tell = (step: string, work: () => Promise<StepResult>) => Promise<void>;

/** The whole story. Each step throws when the system does not do what it must. */
export async function tellStory(scene: Scene, tell: Tell): Promise<void> {
  const credentials = {
    email: `demo-${randomBytes(6).toString('hex')}@sallyport.example`,
    password: randomBytes(18).toString('base64'),
  };
  let seed = '';
  const phone = openDevice(scene.urls, () => Promise.resolve(seed === '' ? undefined : totpCode(seed)));

  await tell('sign up', async () => {
    assert.deepEqual(await phone.client.auth.signUp.mutate(credentials), { accepted: true });
    return { decision: 'accepted', answer: phone.lastAnswer() };
  });
  await tell('sign in', async () => {
    const session = await phone.client.signIn(credentials);
    assert.equal(session.acr, 'aal1');
    return { decision: `signed in as ${session.subject}, acr ${session.acr}`, answer: phone.lastAnswer() };
  });
  const product = await browse(phone, tell);
  await tell('try to pay', () => bePutOff(phone, product));
  await tell('enrol a second factor', async () => {
    await untilPeriodHasTime();
    const begun = await phone.client.auth.totp.begin.mutate();
    // The code of the period before: each works once, and the step-up below needs the next.
    assert.deepEqual(await phone.client.auth.totp.confirm.mutate({ code: totpCode(begun.seed, 1) }), {
      confirmed: true,
    });
    seed = begun.seed;
    return { decision: 'confirmed', answer: phone.lastAnswer() };
  });
  await tell('step up with a TOTP code, top up', async () => {
    const { amount, currency } = product;
    const toppedUp = await phone.client.payments.topUp.mutate({ amount, currency });
    assert.equal((await phone.client.session())?.acr, 'aal2');
    return {
      decision: `asked to step up, stepped up to aal2, ${describePrice(toppedUp)} in the wallet`,
      answer: phone.lastAnswer(),
    };
  });
  await tell('pay', () => pay(phone, product, scene));
  await revokeElsewhere(scene, tell, { phone, credentials, product });
  await replayOldRefreshToken(scene, tell, credentials);
}

export type Product = Readonly<{ productId: string; amount: string; currency: 'EUR' }>;

async function browse({ client, lastAnswer }: Device, tell: Tell): Promise<Product> {
  let product: Product | undefined;
  await tell('browse the catalog', async () => {
    const { items } = await client.catalog.products.list.query({ limit: 20 });
    const [first] = items;
    assert.ok(items.length === 20 && first !== undefined, 'the catalog has products');
    product = { productId: first.id, amount: first.amount, currency: 'EUR' };
    return {
      decision: `served ${items.length} products`,
      answer: lastAnswer(),
      details: [`${first.name}: ${describePrice(first)}`],
    };
  });
  await tell('look at what I sell', async () => {
    assert.deepEqual((await client.catalog.products.mine.query({})).items, []);
    return { decision: 'served, nothing yet', answer: lastAnswer() };
  });
  assert.ok(product);
  return product;
}

async function bePutOff({ client, lastAnswer }: Device, product: Product): Promise<StepResult> {
  const refusal = await refusalOf(client.payments.pay.mutate(product));
  const answer = lastAnswer();
  const challenge = challengeOf(refusal);
  assert.equal(statusOf(refusal), 401);
  assert.equal(reasonOf(refusal), 'insufficient_user_authentication');
  assert.ok(challenge?.acrValues.includes('aal2'));
  assert.match(answer.challenge ?? '', /^Bearer .*error="insufficient_user_authentication"/);
  return {
    decision: 'refused: 401 insufficient_user_authentication',
    answer,
    details: [`WWW-Authenticate: ${answer.challenge}`],
  };
}

async function pay({ client, lastAnswer }: Device, product: Product, { log }: Scene): Promise<StepResult> {
  const paid = await client.payments.pay.mutate(product);
  const answer = lastAnswer();
  assert.equal(paid.amount, product.amount);
  const details = [`transfer ${paid.transferId}: ${describePrice(paid)}`];
  if (log !== undefined) {
    const quote = (await log.decisions(answer.traceId, 'catalog')).find(({ service }) => service === 'catalog');
    assert.equal(quote?.evidence, 'propagated', 'payments asked catalog under a transaction token');
    details.push(
      `catalog was asked for the price (${quote.path}) under a transaction token, same trace ${answer.traceId}`,
    );
  }
  return { decision: 'paid', answer, details };
}
