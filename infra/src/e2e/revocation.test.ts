import { afterAll, beforeAll, expect, test } from 'vitest';
import { bearing, openDevice, type Device } from '../device.ts';
import type { TemporarySystem } from '../temporary-system.ts';
import { newPerson, someAgreement, type Person } from '../testing/person.ts';
import { refusal } from '../testing/refused.ts';
import { startTestSystem } from '../testing/system.ts';

let system: TemporarySystem;

beforeAll(async () => {
  system = await startTestSystem();
});

afterAll(() => system.close());

const refused = { status: 401, reason: 'invalid_token' };

/** Every way that a person's session ends. Each returns when the authority has answered. */
const endings: Readonly<Record<string, (person: Person, laptop: Device) => Promise<unknown>>> = {
  'sign-out': ({ device }) => device.client.signOut(),
  'sign-out elsewhere': async ({ device }, laptop) =>
    laptop.client.auth.sessions.end.mutate({ session: (await device.tokens()).session.id }),
  'ending all other sessions': (_person, laptop) => laptop.client.auth.sessions.endOthers.mutate(),
  'reuse of a refresh token': async ({ device }) => {
    const { refreshToken } = await device.tokens();
    const auth = device.raw('auth');
    await auth.refresh.mutate(
      await auth.refresh.mutate({ refreshToken }).then(({ refreshToken: next }) => ({ refreshToken: next })),
    );
    return refusal(auth.refresh.mutate({ refreshToken }));
  },
};

async function personWithLaptop() {
  const person = await newPerson(system.urls);
  const laptop = openDevice(system.urls);
  await laptop.client.signIn(person.credentials);
  return { person, laptop, tokens: await person.device.tokens() };
}

test.each(Object.entries(endings))('a payment after %s returned is refused, 5 times of 5', async (_how, end) => {
  for (let round = 0; round < 5; round += 1) {
    const { person, laptop, tokens } = await personWithLaptop();
    const agreement = await someAgreement(person.device);
    const payments = person.device.raw('payments', {
      ...bearing(tokens, 'payments'),
      'idempotency-key': `round-${round}`,
    });
    await end(person, laptop);
    expect(await refusal(payments.pay.mutate(agreement))).toEqual(refused);
    expect(await refusal(payments.topUp.mutate({ amount: '1', currency: 'EUR' }))).toEqual(refused);
  }
});

test('catalog refuses within 5 s after a revocation returned, and never accepts again', async () => {
  const { person, laptop, tokens } = await personWithLaptop();
  const catalog = person.device.raw('catalog', bearing(tokens, 'catalog'));
  await catalog.products.mine.query({});
  await laptop.client.auth.sessions.endOthers.mutate();
  const revokedAtMs = performance.now();
  const served = (outcome: unknown) => Object.hasOwn(Object(outcome), 'answered');
  let lastServedAfterMs = 0;
  let outcome: unknown;
  do {
    const askedAfterMs = performance.now() - revokedAtMs;
    outcome = await refusal(catalog.products.mine.query({}));
    if (served(outcome)) lastServedAfterMs = askedAfterMs;
  } while (served(outcome) && lastServedAfterMs < 6000);
  expect(outcome).toEqual(refused);
  expect(lastServedAfterMs).toBeLessThan(5000);
  for (let again = 0; again < 20; again += 1) expect(await refusal(catalog.products.mine.query({}))).toEqual(refused);
});

test('other sessions of the same person go on', async () => {
  const { person, laptop } = await personWithLaptop();
  await person.device.client.signOut();
  expect(await laptop.client.catalog.products.mine.query({})).toMatchObject({ items: [] });
});
