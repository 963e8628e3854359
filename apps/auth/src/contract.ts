/** What other rooms may know of this one. Types only: nothing here can be imported at run time. */
export type { AdminRouter } from './admin/admin-router.ts';
export type { AuthRouter } from './router.ts';
export type { TokenSet } from './sign-in/token-set.ts';
