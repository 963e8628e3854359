import { z } from 'zod';
import { parseJson } from './parse-json.ts';
import { telemetrySettings } from './telemetry/telemetry-settings.ts';

/** A setting that keeps the service from starting. The message is one line and says what to do. Never holds a value. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * The settings that every service has. `.describe()` stands last in each chain: it says what to set it to.
 */
export function serviceSettings(defaultPort: number) {
  return {
    PORT: z
      .string()
      .regex(/^[0-9]{1,5}$/)
      .transform(Number)
      .pipe(z.int().max(65_535))
      .default(defaultPort)
      .describe('a free port, 0 to 65535'),
    HOST: z.string().min(1).default('127.0.0.1').describe('the address to listen on'),
    DATABASE_URL: z
      .string()
      .regex(/^postgres(ql)?:\/\/./)
      .describe('postgres://user:password@host:port/database'),
    LOG_LEVEL: z
      .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
      .default('info')
      .describe('fatal, error, warn, info, debug, trace or silent'),
    ISSUER: z
      .url({ protocol: /^https?$/ })
      .describe('the public address of the auth service, such as http://localhost:4000'),
    ...telemetrySettings,
    ALLOWED_ORIGINS: z
      .string()
      .default('')
      .transform((list) => (list === '' ? [] : list.split(',')))
      .pipe(z.array(z.string().refine(isWebOrigin)))
      .describe('the origins of web pages that may read answers, such as https://shop.example,http://localhost:5173'),
  };
}

// Compared as text with what browsers send, so it must be spelled as they do: no path, no slash at the end.
function isWebOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.parse(text)?.origin === text;
}

const privateKey = z.looseObject({ kty: z.literal('EC'), crv: z.literal('P-256'), kid: z.string(), d: z.string() });

/** The settings of a service that is a client of the authority: who it is, and the key that proves it (RFC 7523). */
export function clientSettings(defaultClientId: string) {
  return {
    CLIENT_ID: z.string().min(1).default(defaultClientId).describe('the client id of this service at the authority'),
    CLIENT_KEY: z
      .string()
      .transform(parseJson)
      .pipe(privateKey)
      .describe('the private ES256 JWK of this service, with kid, as JSON'),
    AUTHORITY_URL: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('where this service reaches auth, such as https://localhost:4100; or nothing, which is ISSUER'),
    CONFIRM_SHARE: z
      .string()
      .regex(/^(?:0(?:\.[0-9]{1,6})?|1)$/)
      .transform(Number)
      .default(0.01)
      .describe('the share of local decisions to ask the authority about afterwards, 0 to 1, such as 0.01'),
  };
}

/** The settings of every `prepare.ts`. Its login may create schemas and roles; the service acts as its run-time role. */
export const preparationSettings = {
  DATABASE_URL: serviceSettings(0).DATABASE_URL,
  SEED: z.enum(['demo']).optional().describe('demo, or nothing'),
};

/**
 * Reads a service's settings. Variables that are set to nothing count as missing; others than those of `shape` are ignored.
 * @throws SettingsError naming every variable that is missing or not valid
 */
export function readEnvironment<Shape extends Readonly<Record<string, z.core.$ZodType>>>(
  shape: Shape,
  source: Readonly<Record<string, string | undefined>> = process.env,
): z.output<z.ZodObject<Shape>> {
  const given = Object.fromEntries(
    Object.keys(shape).map((name) => [name, source[name] === '' ? undefined : source[name]]),
  );
  const read = z.object(shape).safeParse(given);
  if (read.success) return read.data;
  const firstIssues = new Map(read.error.issues.toReversed().map((issue) => [String(issue.path[0]), issue]));
  const problems = Object.keys(shape).flatMap((name) => {
    const issue = firstIssues.get(name);
    if (issue === undefined) return [];
    const problem = given[name] === undefined ? 'is missing' : `is not valid${describePlace(issue)}`;
    const wanted = shape[name] && z.globalRegistry.get(shape[name])?.description;
    return wanted === undefined ? `${name} ${problem}.` : `${name} ${problem}. Set it to ${wanted}`;
  });
  throw new SettingsError(problems.join('; '));
}

/** Where inside a setting, and the sentence of a check of ours; zod's own words may repeat what was given. */
function describePlace({ code, message, path }: z.core.$ZodIssue): string {
  const place = path
    .slice(1)
    .map((step) =>
      typeof step === 'number' ? `[${step}]` : `.${/^\w{1,40}$/.test(String(step)) ? String(step) : '…'}`,
    )
    .join('')
    .replace(/^\./, '');
  const sentence = code === 'custom' && message !== 'Invalid input' ? `: ${message}` : '';
  return place === '' ? sentence : ` at ${place}${sentence}`;
}
