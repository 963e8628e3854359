import { decodeProtectedHeader } from 'jose';
import { z } from 'zod';
import type { AdminCalls } from '../command-line/commands.ts';
import { bearing, openDevice, type Device } from '../device.ts';
import type { System } from '../system.ts';
import { refusal } from '../testing/refused.ts';

/** Somebody's stolen access token at catalog, and what it is answered there: nothing renews it. */
export type Stolen = Readonly<{
  device: Device;
  read: () => Promise<unknown>;
  keyId: string;
  session: string;
  subject: string;
}>;

export type Pull = Readonly<{ admin: AdminCalls; stolen: Stolen; urls: System['urls'] }>;

/** Something to be pulled on a bad day. */
export type Lever = Readonly<{
  /** The runbook that says when and how, in `docs/runbooks`. */
  page: string;
  /** Milliseconds from the answer of the authority to the effect at a service behind the local gate, at most. */
  promisedMs: number;
  pull: (pull: Pull) => Promise<unknown>;
  hasEffect: (pull: Pull) => Promise<boolean>;
  /** Takes it back, where that is possible. */
  release?: (pull: Pull) => Promise<unknown>;
}>;

const because = 'a measurement';
/** P2 of the design: what the local gate may be behind while its feed is alive. */
const promisedMs = 5000;

const isRefused = async ({ stolen }: Pull): Promise<boolean> => says(await stolen.read(), 401);
const isClosed = async ({ stolen }: Pull): Promise<boolean> => says(await stolen.read(), 503);

/** Every lever by its command. The one that ends everybody's sessions comes last: it ends those of whoever pulls. */
export const levers: Readonly<Record<string, Lever>> = {
  'sessions end': {
    page: 'stolen-session.md',
    promisedMs,
    pull: ({ admin, stolen }) => admin.sessions.end.mutate({ session: stolen.session, because }),
    hasEffect: isRefused,
  },
  'accounts end-sessions': {
    page: 'stolen-session.md',
    promisedMs,
    pull: ({ admin, stolen }) => admin.accounts.endSessions.mutate({ subject: stolen.subject, because }),
    hasEffect: isRefused,
  },
  'accounts disable': {
    page: 'disable-account.md',
    promisedMs,
    pull: ({ admin, stolen }) => admin.accounts.disable.mutate({ subject: stolen.subject, because }),
    hasEffect: isRefused,
    release: ({ admin, stolen }) => admin.accounts.enable.mutate({ subject: stolen.subject, because }),
  },
  'clients end-sessions': {
    page: 'compromised-client.md',
    promisedMs,
    pull: ({ admin }) => admin.clients.endSessions.mutate({ client: 'web', because }),
    hasEffect: isRefused,
  },
  'clients disable': {
    page: 'compromised-client.md',
    promisedMs,
    pull: ({ admin }) => admin.clients.disable.mutate({ client: 'web', because }),
    hasEffect: isRefused,
    release: ({ admin }) => admin.clients.enable.mutate({ client: 'web', because }),
  },
  'keys deny': {
    page: 'stolen-signing-key.md',
    promisedMs,
    pull: ({ admin, stolen }) => admin.keys.deny.mutate({ keyId: stolen.keyId, because }),
    hasEffect: isRefused,
  },
  'tiers close': {
    page: 'close-a-tier.md',
    promisedMs,
    pull: ({ admin }) => admin.restrictions.setTier.mutate({ tier: 'authenticatedRead', to: 'closed', because }),
    hasEffect: isClosed,
    release: ({ admin }) =>
      admin.restrictions.setTier.mutate({ tier: 'authenticatedRead', to: 'as-designed', because }),
  },
  'tiers fail-closed': {
    page: 'close-a-tier.md',
    promisedMs,
    pull: ({ admin }) => admin.restrictions.setTier.mutate({ tier: 'authenticatedRead', to: 'fail-closed', because }),
    hasEffect: isTold,
    release: ({ admin }) =>
      admin.restrictions.setTier.mutate({ tier: 'authenticatedRead', to: 'as-designed', because }),
  },
  'lifetimes clamp': {
    page: 'clamp-lifetimes.md',
    promisedMs,
    pull: ({ admin }) => admin.restrictions.clampLifetimes.mutate({ accessTokenSeconds: 30, because }),
    hasEffect: isTold,
    release: ({ admin }) => admin.restrictions.clampLifetimes.mutate({ accessTokenSeconds: null, because }),
  },
  'sessions end-everyones': {
    page: 'end-every-session.md',
    promisedMs,
    pull: ({ admin }) => admin.sessions.endEveryones.mutate({ because }),
    hasEffect: isRefused,
  },
};

/** Pulls a lever. Answers the milliseconds from the authority's answer to its effect; throws when it has none in time. */
export async function measureLever(lever: Lever, pull: Pull): Promise<number> {
  await lever.pull(pull);
  const pulledAtMs = performance.now();
  while (!(await lever.hasEffect(pull)))
    if (performance.now() - pulledAtMs > lever.promisedMs) throw new Error(`No effect within ${lever.promisedMs} ms.`);
  return performance.now() - pulledAtMs;
}

/** Signs somebody in, and takes the access token that catalog takes. */
export async function stealToken(
  urls: System['urls'],
  credentials: Readonly<{ email: string; password: string }>,
): Promise<Stolen> {
  const device = openDevice(urls);
  const { id, subject } = await device.client.signIn(credentials);
  const tokens = await device.tokens();
  const calls = device.raw('catalog', bearing(tokens, 'catalog'));
  const { kid } = decodeProtectedHeader(tokens.accessTokens['catalog']?.token ?? '');
  return { device, session: id, subject, keyId: String(kid), read: () => refusal(calls.products.mine.query({})) };
}

/** Catalog says which restrictions it knows. What they do is then a matter of the next request. */
async function isTold({ admin, urls }: Pull): Promise<boolean> {
  const { version } = await admin.restrictions.get.query();
  const ready = await fetch(`${urls.catalog}/readyz`);
  return readyAnswer.parse(await ready.json()).readings.restrictionsVersion >= version;
}

const readyAnswer = z.object({ readings: z.object({ restrictionsVersion: z.int() }) });

function says(answer: unknown, status: number): boolean {
  return typeof answer === 'object' && answer !== null && 'status' in answer && answer.status === status;
}
