import { freePorts } from '@sallyport/infra/free-ports';
import { startService } from '@sallyport/infra/service-process';

type Place = Readonly<{ databaseUrl: string; catalogUrl: string; vouchingUrl: string; launcher: readonly string[] }>;

/** Payments' ledger as the payments room serves it without gates, on the database of a system that runs. */
export async function startLedgerWithoutGates({ databaseUrl, catalogUrl, vouchingUrl, launcher }: Place) {
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const place = { PORT: String(port), DATABASE_URL: databaseUrl, CATALOG_URL: catalogUrl, VOUCHING_URL: vouchingUrl };
  const env = { ...place, LOG_LEVEL: 'info', IS_THROWN_AWAY: 'yes' };
  const program = 'src/measured/ledger-without-gates.ts';
  const { stop } = await startService({ name: 'payments', url, env, launcher, program });
  return { url, stop };
}
