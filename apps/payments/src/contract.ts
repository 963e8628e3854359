/** What callers of payments compile against. Types only: nothing of the service runs in their process. */
export type { PaymentsRouter } from './router.ts';
