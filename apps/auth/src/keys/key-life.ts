import { after } from '../moments.ts';
import { accessTokenSeconds, transactionTokenSeconds } from '../tokens/token-lifetimes.ts';

/** When a key was published, from when on it signs, and when it is over: never, while it has no successor. */
export type KeyTimes = Readonly<{ publishedAt: Date; signsFrom: Date; retiresAt: Date | null }>;

/** What a key is, and what it may become next. Nothing leads back: a key that has ended never signs or verifies again. */
export const keyLife = {
  /** Published, so that every verifier has it before it is needed. Denied before that, it never signs. */
  announced: ['signing', 'retired'],
  /** Signs everything. Exactly one does. */
  signing: ['verifying', 'retired'],
  /** Published for as long as a token of it can be alive. */
  verifying: ['retired'],
  /** Not published, and refused by every service. */
  retired: [],
} as const satisfies Record<string, readonly string[]>;

export type KeyState = keyof typeof keyLife;

/** Seconds that a verifier may keep the published set: `max-age` of the JWKS. */
export const keySetMaxAgeSeconds = 60;
/** Seconds after which every process of the authority has read the table again. */
export const rereadSeconds = 5;
/** Seconds that a key signs before its successor takes over by itself. */
const signingSeconds = 24 * 60 * 60;

/** How long a key stays in each state, in seconds. */
export type KeyLifetimes = Readonly<{ announcedSeconds: number; signingSeconds: number; verifyingSeconds: number }>;

export type LifetimeParts = Readonly<{
  /** How long a verifier may keep a key set. */
  keySetMaxAgeSeconds: number;
  /** How long a token lives. */
  tokenSeconds: number;
  /** How far apart two processes of the authority can be in what they know of the keys. */
  rereadSeconds: number;
  signingSeconds: number;
}>;

/**
 * Follows how long each state must last from what the key meets there (JWK-05):
 *
 * - announced: a set without the key may have been handed out just before, by a process that had not read it yet.
 * - verifying: a process that has not read of the successor may still sign; that token lives for its full time; and a
 *   verifier may come for the set as late as that.
 */
export function keyLifetimes(parts: LifetimeParts): KeyLifetimes {
  const apart = 2 * parts.rereadSeconds;
  const announcedSeconds = parts.keySetMaxAgeSeconds + apart;
  return {
    announcedSeconds,
    // A successor is announced while its predecessor signs.
    signingSeconds: Math.max(parts.signingSeconds, announcedSeconds + apart),
    verifyingSeconds: parts.keySetMaxAgeSeconds + parts.tokenSeconds + apart,
  };
}

export const houseKeyLifetimes = keyLifetimes({
  keySetMaxAgeSeconds,
  tokenSeconds: Math.max(accessTokenSeconds, transactionTokenSeconds),
  rereadSeconds,
  signingSeconds,
});

/** Pure: a key's state follows from its times, and from those of the keys beside it. Nobody has to act for it to change. */
export function stateOf(key: KeyTimes, beside: readonly KeyTimes[], now: Date): KeyState {
  if (!isAlive(key, now)) return 'retired';
  if (key.signsFrom > now) return 'announced';
  const hasSuccessor = beside.some(
    (other) => other.signsFrom > key.signsFrom && other.signsFrom <= now && everSigns(other),
  );
  return hasSuccessor ? 'verifying' : 'signing';
}

function isAlive({ retiresAt }: KeyTimes, now: Date): boolean {
  return retiresAt === null || retiresAt > now;
}

/** Not when it was denied while it was announced. */
function everSigns({ signsFrom, retiresAt }: KeyTimes): boolean {
  return retiresAt === null || retiresAt > signsFrom;
}

export type KnownKey = KeyTimes & Readonly<{ kid: string }>;

/** What is asked of the keys. `tend`: whatever is due by itself. */
export type KeyCommand =
  | Readonly<{ kind: 'tend' }>
  | Readonly<{ kind: 'rotate'; immediately: boolean }>
  | Readonly<{ kind: 'deny'; keyId: string }>;

/** What is to be written for it. Times of a key that is not named stay as they are. */
export type KeyPlan = Readonly<{ changes: readonly KnownKey[]; adds: KeyTimes | undefined }>;

const nothing: KeyPlan = { changes: [], adds: undefined };

export type KeyMoment = Readonly<{ now: Date; life: KeyLifetimes }>;

/**
 * Decides what becomes of the keys. Pure: whoever calls it holds the keys' turn, and writes what it answers.
 *
 * Only a denial makes a key skip a state that others wait for. It is announced over the feed, and whoever hears of it loads
 * the keys past every cache.
 */
export function planKeys(keys: readonly KnownKey[], command: KeyCommand, moment: KeyMoment): KeyPlan {
  switch (command.kind) {
    case 'tend':
      return tend(keys, moment);
    case 'rotate':
      return rotate(keys, command.immediately, moment);
    case 'deny':
      return deny(keys, command.keyId, moment);
  }
}

function tend(keys: readonly KnownKey[], { now, life }: KeyMoment): KeyPlan {
  const newest = newestOf(keys, now);
  if (newest === undefined) return { changes: [], adds: { publishedAt: now, signsFrom: now, retiresAt: null } };
  const announceAt = after(newest.signsFrom, life.signingSeconds - life.announcedSeconds);
  return announceAt > now ? nothing : succeed(keys, { now, signsFrom: after(now, life.announcedSeconds), life });
}

function rotate(keys: readonly KnownKey[], immediately: boolean, { now, life }: KeyMoment): KeyPlan {
  const newest = newestOf(keys, now);
  const announced = newest !== undefined && newest.signsFrom > now ? newest : undefined;
  if (announced !== undefined && !immediately) return nothing;
  const signsFrom = immediately ? atOnce(keys, now) : after(now, life.announcedSeconds);
  if (announced === undefined) return succeed(keys, { now, signsFrom, life });
  const others = keys.filter(({ kid }) => kid !== announced.kid);
  const changes = [...endingAt(others, after(signsFrom, life.verifyingSeconds)), { ...announced, signsFrom }];
  return { changes, adds: undefined };
}

function deny(keys: readonly KnownKey[], keyId: string, { now }: KeyMoment): KeyPlan {
  const others = keys.filter(({ kid }) => kid !== keyId);
  const denied = keys.filter((key) => key.kid === keyId && isAlive(key, now));
  if (denied.length === 0) return nothing;
  const changes = denied.map((key) => ({ ...key, retiresAt: now }));
  const next = others.find(({ retiresAt }) => retiresAt === null);
  const signsFrom = atOnce(others, now);
  if (next === undefined) return { changes, adds: { publishedAt: now, signsFrom, retiresAt: null } };
  return { changes: next.signsFrom > now ? [...changes, { ...next, signsFrom }] : changes, adds: undefined };
}

/** Now; a millisecond later where a key signs from now on: of two from the same moment, neither would be the successor. */
function atOnce(keys: readonly KnownKey[], now: Date): Date {
  const isTaken = keys.some((key) => isAlive(key, now) && key.signsFrom.getTime() === now.getTime());
  return isTaken ? after(now, 0.001) : now;
}

/** The key that has no successor yet, if it is alive. */
function newestOf(keys: readonly KnownKey[], now: Date): KnownKey | undefined {
  return keys
    .filter((key) => isAlive(key, now))
    .toSorted((one, other) => other.signsFrom.getTime() - one.signsFrom.getTime())[0];
}

type Succession = Readonly<{ now: Date; signsFrom: Date; life: KeyLifetimes }>;

function succeed(keys: readonly KnownKey[], { now, signsFrom, life }: Succession): KeyPlan {
  const changes = endingAt(keys, after(signsFrom, life.verifyingSeconds));
  return { changes, adds: { publishedAt: now, signsFrom, retiresAt: null } };
}

/** Those that would outlast it are given this end. */
function endingAt(keys: readonly KnownKey[], retiresAt: Date): KnownKey[] {
  return keys
    .filter((key) => key.retiresAt === null || key.retiresAt > retiresAt)
    .map((key) => ({ ...key, retiresAt }));
}
