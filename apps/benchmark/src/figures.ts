import type { Figure } from './figure.ts';
import { warmVerify } from './figures/b05-warm-verify.ts';

/** In the order in which they are measured and shown. */
export const figures: readonly Figure[] = [warmVerify];
