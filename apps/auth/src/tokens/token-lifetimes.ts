/** Seconds. */
export const accessTokenSeconds = 300;
export const transactionTokenSeconds = 60;
export const clientAssertionSeconds = 300;
