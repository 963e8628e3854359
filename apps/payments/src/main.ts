import { startService } from '@sallyport/service';
import { openPaymentsParts } from './payments-parts.ts';
import { servePayments } from './serve-payments.ts';

await startService('payments', async () => servePayments(await openPaymentsParts()));
