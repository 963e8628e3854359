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
  const cutOffs = new Map<string, { atMs: number; upToSerial: number }>();
  const deniedKeys = new Set<string>();

  function end(named: Map<string, { atMs: number }>, id: string, atMs: number): void {
    named.delete(id);
    named.set(id, { atMs });
  }

  function cutOff(key: string, upToSerial: number, atMs: number): void {
    const known = cutOffs.get(key)?.upToSerial ?? 0;
    cutOffs.delete(key);
    cutOffs.set(key, { atMs, upToSerial: Math.max(upToSerial, known) });
  }

  const size = (): number => tokens.size + sessions.size + cutOffs.size + deniedKeys.size;

  return {
    add(revocation, nowMs) {
      forgetOld(tokens, nowMs);
      forgetOld(sessions, nowMs);
      forgetOld(cutOffs, nowMs);
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
          cutOff(`subject ${revocation.subject}`, revocation.upToSerial, nowMs);
          break;
        case 'client':
          cutOff(`client ${revocation.client}`, revocation.upToSerial, nowMs);
          break;
        case 'everyone':
          cutOff('everyone', revocation.upToSerial, nowMs);
          break;
      }
    },

    covers({ tokenId, session, subject, client, keyId }) {
      // As a rule nothing is: the ids of a new token are not hashed for it.
      if (size() === 0) return false;
      if (tokens.has(tokenId) || deniedKeys.has(keyId)) return true;
      if (session !== undefined && sessions.has(session)) return true;
      if (cutOffs.size === 0) return false;
      const keys = [`subject ${subject}`, `client ${client}`, 'everyone'];
      const effective = Math.max(...keys.map((key) => cutOffs.get(key)?.upToSerial ?? -1));
      // Nobody signed in for a service's own token: its serial stands in its id.
      return effective >= 0 && !(sessionSerial(session ?? tokenId) > effective);
    },

    size,
  };
}

function forgetOld(notes: Map<string, { readonly atMs: number }>, nowMs: number): void {
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
