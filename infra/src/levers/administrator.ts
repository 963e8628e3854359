import type { AuthRouter } from '@sallyport/auth-service/contract';
import type { CatalogRouter } from '@sallyport/catalog/contract';
import { createSallyportClient } from '@sallyport/client';
import type { PaymentsRouter } from '@sallyport/payments/contract';
import type { AdminCalls } from '../command-line/commands.ts';
import { demoPassword, margaret } from '../demo-users.ts';
import type { System } from '../system.ts';
import { totpCode, untilPeriodHasTime } from '../totp-code.ts';

/** Margaret, who runs the house, with a second factor from just now. Spends the code of the period before this one. */
export async function openAdministrator(urls: System['urls']): Promise<AdminCalls> {
  const client = createSallyportClient<{ auth: AuthRouter; catalog: CatalogRouter; payments: PaymentsRouter }>({
    urls,
    clientId: 'cli',
    onStepUp: () => Promise.resolve(totpCode(margaret.totpSeed, 1)),
  });
  await client.signIn({ email: margaret.email, password: demoPassword });
  await untilPeriodHasTime();
  await client.auth.admin.restrictions.get.query();
  return client.auth.admin;
}
