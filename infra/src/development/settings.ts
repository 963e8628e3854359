import { readEnvironment } from '@sallyport/service';
import { z } from 'zod';
import { isFree } from '../free-ports.ts';
import { OperatorError } from '../operator-error.ts';
import { type ServiceName, serviceNames } from '../service-process.ts';
import type { SystemOptions } from '../system.ts';

const port = (standard: number) =>
  z.coerce.number().int().min(1).max(65_535).default(standard).describe('a port, 1 to 65535');

export type DevelopmentSettings = Readonly<{
  databaseUrl: string | undefined;
  ports: Readonly<Record<ServiceName, number>>;
  logLevel: string;
  /** As the services read it. */
  allowedOrigins: string;
  /** Whether services show each other certificates. */
  mutualTls: boolean;
  /** Whether services answer `/metrics`, 200 ports above where they are. */
  metrics: boolean;
  /** Beyond what all have in common. */
  extraSettings: NonNullable<SystemOptions['extraSettings']>;
}>;

/** All that `pnpm dev` reads. Turbo passes on only what its configuration names (`settings.test.ts`). */
export const variables = {
  DATABASE_URL: z.string().optional(),
  AUTH_PORT: port(4000),
  CATALOG_PORT: port(4001),
  PAYMENTS_PORT: port(4002),
  ALLOWED_ORIGINS: z.string().default(''),
  AUTH_IDENTITY_PROVIDERS: z.string().default('[]'),
  PASSKEY_DOMAIN: z.string().default('localhost'),
  SENDER_CONSTRAINED_TIERS: z.string().default(''),
  CATALOG_TRUSTED_ISSUERS: z.string().default('[]'),
  PAYMENTS_TRUSTED_ISSUERS: z.string().default('[]'),
  METRICS: z.enum(['on', 'off']).default('on').describe('on or off'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.string().default(''),
  TRACE_SHARE: z.string().default('1'),
  MUTUAL_TLS: z.enum(['on', 'off']).default('off').describe('on or off'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('fatal, error, warn, info, debug, trace or silent'),
};

/** @throws SettingsError naming each variable that is not valid */
export function developmentSettings(): DevelopmentSettings {
  const read = readEnvironment(variables);
  const tiers = { SENDER_CONSTRAINED_TIERS: read.SENDER_CONSTRAINED_TIERS };
  const ports = { auth: read.AUTH_PORT, catalog: read.CATALOG_PORT, payments: read.PAYMENTS_PORT };
  const metrics = read.METRICS === 'on';
  const { OTEL_EXPORTER_OTLP_ENDPOINT, TRACE_SHARE } = read;
  const telemetry = (name: ServiceName) => ({
    METRICS_PORT: metrics ? String(metricsPort(ports[name])) : '',
    OTEL_EXPORTER_OTLP_ENDPOINT,
    TRACE_SHARE,
  });
  return {
    databaseUrl: read.DATABASE_URL,
    ports,
    metrics,
    logLevel: read.LOG_LEVEL,
    allowedOrigins: read.ALLOWED_ORIGINS,
    mutualTls: read.MUTUAL_TLS === 'on',
    extraSettings: {
      auth: {
        IDENTITY_PROVIDERS: read.AUTH_IDENTITY_PROVIDERS,
        PASSKEY_DOMAIN: read.PASSKEY_DOMAIN,
        ...telemetry('auth'),
      },
      catalog: { TRUSTED_ISSUERS: read.CATALOG_TRUSTED_ISSUERS, ...tiers, ...telemetry('catalog') },
      payments: { TRUSTED_ISSUERS: read.PAYMENTS_TRUSTED_ISSUERS, ...tiers, ...telemetry('payments') },
    },
  };
}

/** Where a service that is at `servicePort` answers `/metrics`. */
export function metricsPort(servicePort: number): number {
  return servicePort + 200;
}

/** @throws OperatorError for the first port that is asked for twice, or that somebody listens on */
export async function assertPortsAreFree(ports: DevelopmentSettings['ports']): Promise<void> {
  const seen = new Set<number>();
  for (const name of serviceNames) {
    const variable = `${name.toUpperCase()}_PORT`;
    if (seen.has(ports[name]))
      throw new OperatorError(`${variable} is ${ports[name]}, which another service has: give each its own.`);
    seen.add(ports[name]);
    if (await isFree(ports[name])) continue;
    throw new OperatorError(
      `Port ${ports[name]} is taken, so ${name} cannot start: stop what listens there, or set ${variable} to another port.`,
    );
  }
}
