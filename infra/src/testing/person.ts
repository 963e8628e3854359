import { randomBytes } from 'node:crypto';
import type { Credentials } from '@sallyport/client';
import { openDevice, type Device } from '../device.ts';
import type { System } from '../system.ts';
import { totpCode, untilPeriodHasTime } from '../totp-code.ts';

export type Person = Readonly<{ credentials: Credentials; seed: string; device: Device }>;

/** Somebody new, signed in on one device and stepped up. */
export async function newPerson(urls: System['urls']): Promise<Person> {
  const credentials = {
    email: `${randomBytes(8).toString('hex')}@example.org`,
    password: randomBytes(18).toString('base64url'),
  };
  let seed = '';
  const device = openDevice(urls, () => Promise.resolve(totpCode(seed)));
  await device.client.auth.signUp.mutate(credentials);
  await device.client.signIn(credentials);
  await untilPeriodHasTime();
  ({ seed } = await device.client.auth.totp.begin.mutate());
  await device.client.auth.totp.confirm.mutate({ code: totpCode(seed, 1) });
  await device.client.payments.topUp.mutate({ amount: '100000', currency: 'EUR' });
  return { credentials, seed, device };
}

export type Agreement = Readonly<{ productId: string; amount: string; currency: 'EUR' }>;

/** What to pay for some product that anybody may buy. */
export async function someAgreement({ client }: Device): Promise<Agreement> {
  const { items } = await client.catalog.products.list.query({ limit: 100 });
  const affordable = items.find(({ amount, own }) => Number(amount) < 100_000 && !own);
  if (affordable === undefined) throw new Error('The demo catalog has a product for less than 1000 euros.');
  return { productId: affordable.id, amount: affordable.amount, currency: 'EUR' };
}
