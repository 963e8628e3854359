import { stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline/promises';
import type { AuthRouter } from '@sallyport/auth-service/contract';
import type { CatalogRouter } from '@sallyport/catalog/contract';
import { createSallyportClient } from '@sallyport/client';
import type { PaymentsRouter } from '@sallyport/payments/contract';

const terminal = createInterface({ input: stdin, output: stdout });

const sallyport = createSallyportClient<{ auth: AuthRouter; catalog: CatalogRouter; payments: PaymentsRouter }>({
  urls: {
    auth: process.env['AUTH_URL'] ?? 'http://localhost:4000',
    catalog: process.env['CATALOG_URL'] ?? 'http://localhost:4001',
    payments: process.env['PAYMENTS_URL'] ?? 'http://localhost:4002',
  },
  // Payments asks for a second factor; the client retries the same payment with the same idempotency key.
  onStepUp: ({ maxAgeSeconds }) => terminal.question(`Code (good for ${maxAgeSeconds} s; \`npx pnpm totp\`): `),
});

await sallyport.signIn({ email: 'ada@sallyport.example', password: 'correct horse battery staple' });

const { items } = await sallyport.catalog.products.list.query({ search: 'lamp', limit: 3 });
for (const { name, amount, currency } of items) console.log(`${name}: ${amount} ${currency}, in minor units`);

const topUp = await sallyport.payments.topUp.mutate({ amount: '5000', currency: 'EUR' });
console.log(`Topped up: ${topUp.amount} ${topUp.currency}, transfer ${topUp.transferId}`);

await sallyport.signOut();
terminal.close();
