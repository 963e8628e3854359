import type { VerifiedToken } from './token-verifier.ts';

/** What a token is recognised by; never by its text. */
export type RevocationSubject = Pick<VerifiedToken, 'tokenId' | 'session' | 'subject' | 'client' | 'keyId'>;

/** One thing the authority ended. `upToSerial` covers every session, and every service's own token, whose serial is not greater. */
export type Revocation =
  | Readonly<{ kind: 'session'; session: string }>
  | Readonly<{ kind: 'token'; tokenId: string }>
  | Readonly<{ kind: 'subject'; subject: string; upToSerial: number }>
  | Readonly<{ kind: 'client'; client: string; upToSerial: number }>
  | Readonly<{ kind: 'everyone'; upToSerial: number }>
  | Readonly<{ kind: 'key'; keyId: string }>;

export type Revocations = Readonly<{
  add: (revocation: Revocation, nowMs: number) => void;
  covers: (token: RevocationSubject) => boolean;
  size: () => number;
}>;

/**
 * How long a revocation is remembered, in milliseconds. Whoever believes tokens that live longer would forget a
 * revocation before its token ends: compare at start. A denied key is never forgotten, because whoever has it goes on
 * making tokens that have just begun.
 */
export const rememberForMs = 15 * 60 * 1000;

/**
 * What is known to be revoked. Cut-offs compare session serials, never times: two sessions of one second cannot be
 * confused. The greatest cut-off of subject, client and everyone counts; a later, smaller one changes nothing.
 */
export function rememberRevocations(): Revocations {
  // Oldest first: what is noted again moves to the end. Each kind by itself, so that a look takes a token's own texts as they are.
  const tokens = new Map<string, { atMs: number }>();
  const sessions = new Map<string, { atMs: number }>();
  const subjects = new Map<string, CutOff>();
  const clients = new Map<string, CutOff>();
  const everyone = new Map<'everyone', CutOff>();
  const deniedKeys = new Set<string>();

  function end(named: Map<string, { atMs: number }>, id: string, atMs: number): void {
    named.delete(id);
    named.set(id, { atMs });
  }

  const timed = [tokens, sessions, subjects, clients, everyone];
  // Each request asks, and what six Maps hold is written in twelve places of memory.
  let everAdded = false;
  const size = (): number =>
    tokens.size + sessions.size + subjects.size + clients.size + everyone.size + deniedKeys.size;

  return {
    add(revocation, nowMs) {
      everAdded = true;
      for (const named of timed) forgetOld(named, nowMs);
      switch (revocation.kind) {
        case 'session':
          end(sessions, revocation.session, nowMs);
          break;
        case 'token':
          end(tokens, revocation.tokenId, nowMs);
          break;
        case 'key':
          deniedKeys.add(revocation.keyId);
          break;
        case 'subject':
          cutOff(subjects, revocation.subject, { atMs: nowMs, upToSerial: revocation.upToSerial });
          break;
        case 'client':
          cutOff(clients, revocation.client, { atMs: nowMs, upToSerial: revocation.upToSerial });
          break;
        case 'everyone':
          cutOff(everyone, 'everyone', { atMs: nowMs, upToSerial: revocation.upToSerial });
          break;
      }
    },

    covers({ tokenId, session, subject, client, keyId }) {
      // As a rule nothing is: the ids of a new token are not hashed for it.
      if (!everAdded) return false;
      if (tokens.has(tokenId) || deniedKeys.has(keyId)) return true;
      if (session !== undefined && sessions.has(session)) return true;
      const effective = Math.max(reach(subjects, subject), reach(clients, client), reach(everyone, 'everyone'));
      // Nobody signed in for a service's own token: its serial stands in its id.
      return effective >= 0 && !(sessionSerial(session ?? tokenId) > effective);
    },

    size,
  };
}

type CutOff = Readonly<{ atMs: number; upToSerial: number }>;

/** Noted at the end, with the greatest serial so far. */
function cutOff<Name>(named: Map<Name, CutOff>, name: Name, { atMs, upToSerial }: CutOff): void {
  const known = reach(named, name);
  named.delete(name);
  named.set(name, { atMs, upToSerial: Math.max(upToSerial, known) });
}

/** The greatest serial that is cut off, or −1 for none. */
function reach<Name>(named: ReadonlyMap<Name, CutOff>, name: Name): number {
  return named.get(name)?.upToSerial ?? -1;
}

function forgetOld<Name>(notes: Map<Name, { readonly atMs: number }>, nowMs: number): void {
  for (const [key, { atMs }] of notes) {
    if (nowMs - atMs <= rememberForMs) return;
    notes.delete(key);
  }
}

/**
 * The serial in a session id, or in the id of a service's own token (`<serial in base 36>.<random>`). An id of another form gives NaN,
 * which no cut-off spares.
 */
export function sessionSerial(session: string): number {
  const [serial = '', random] = session.split('.');
  return random !== undefined && /^[0-9a-z]{1,10}$/.test(serial) ? Number.parseInt(serial, 36) : Number.NaN;
}
