import type { VerifiedToken } from './token-verifier.ts';

/** What a token is recognised by; never by its text. */
export type RevocationSubject = Pick<VerifiedToken, 'tokenId' | 'session' | 'subject' | 'client' | 'keyId'>;

/** One thing the authority ended. `upToSerial` covers every session whose serial is not greater. */
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
 * How long a revocation is remembered, in milliseconds. No token lives longer than ten minutes, so what is older could
 * only repeat what `exp` says already.
 */
export const rememberForMs = 15 * 60 * 1000;

/**
 * What is known to be revoked. Cut-offs compare session serials, never times: two sessions of one second cannot be
 * confused. The greatest cut-off of subject, client and everyone counts; a later, smaller one changes nothing.
 */
export function rememberRevocations(): Revocations {
  const named = new Map<string, number>();
  const cutOffs = new Map<string, { upToSerial: number; atMs: number }>();

  function prune(nowMs: number): void {
    for (const [key, atMs] of named) if (nowMs - atMs > rememberForMs) named.delete(key);
    for (const [key, { atMs }] of cutOffs) if (nowMs - atMs > rememberForMs) cutOffs.delete(key);
  }

  function cutOff(key: string, upToSerial: number, atMs: number): void {
    const known = cutOffs.get(key);
    cutOffs.set(key, { upToSerial: Math.max(upToSerial, known?.upToSerial ?? 0), atMs });
  }

  return {
    add(revocation, nowMs) {
      prune(nowMs);
      switch (revocation.kind) {
        case 'session':
          named.set(`session ${revocation.session}`, nowMs);
          break;
        case 'token':
          named.set(`token ${revocation.tokenId}`, nowMs);
          break;
        case 'key':
          named.set(`key ${revocation.keyId}`, nowMs);
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
      if (named.has(`token ${tokenId}`) || named.has(`key ${keyId}`)) return true;
      if (session === undefined) return false;
      if (named.has(`session ${session}`)) return true;
      if (cutOffs.size === 0) return false;
      const keys = [`subject ${subject}`, `client ${client}`, 'everyone'];
      const effective = Math.max(...keys.map((key) => cutOffs.get(key)?.upToSerial ?? -1));
      return effective >= 0 && !(sessionSerial(session) > effective);
    },

    size: () => named.size + cutOffs.size,
  };
}

/**
 * The serial in a session id (`<serial in base 36>.<random>`). An id of another form gives NaN, which no cut-off spares.
 */
export function sessionSerial(session: string): number {
  const [serial = '', random] = session.split('.');
  return random !== undefined && /^[0-9a-z]{1,10}$/.test(serial) ? Number.parseInt(serial, 36) : Number.NaN;
}
