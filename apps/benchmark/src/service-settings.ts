/** What services are told while they are measured, besides where things are: metrics are counted and can be asked for, as in production. */
export const asInProduction: Readonly<Record<string, string>> = { METRICS_PORT: '0' };
