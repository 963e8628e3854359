import { z } from 'zod';

/** The currencies that accounts may be opened in (ISO 4217). Each has two decimals here; amounts count the minor unit. */
const currencies = ['EUR', 'GBP', 'USD'] as const;

export const currencyInput = z.enum(currencies);

/** Minor units as digits, 1 to 999,999,999,999: JSON's numbers would round, and a billion in one step is a mistake. */
export const amountInput = z.string().regex(/^[1-9][0-9]{0,11}$/);
