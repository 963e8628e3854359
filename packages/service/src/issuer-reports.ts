import type { ForeignIssuerParts } from '@sallyport/auth';
import type { Log } from './log.ts';

/** Says in the log which foreign issuer failed us, and how. For `foreignIssuer`. */
export function issuerReports(log: Log): ForeignIssuerParts {
  return {
    onKeysNotLoaded: (issuer, err) => log.warn({ issuer, err }, 'keys of a foreign issuer not loaded'),
    onUnreachable: (issuer, err) => log.warn({ issuer, err }, 'foreign issuer gave no answer'),
  };
}
