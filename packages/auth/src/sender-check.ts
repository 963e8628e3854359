import type { Standing } from './authorize.ts';
import type { DenialReason } from './denial.ts';
import type { ProofVerification, ProofVerifier } from './proof-verifier.ts';
import type { RequestContext } from './request-context.ts';
import type { Confirmation } from './sender.ts';
import type { TrustTier } from './trust-tier.ts';

export type SenderCheckOptions = Readonly<{
  proofs: ProofVerifier;
  /** Tiers at which no bearer token is taken: it must be bound to a key or a certificate. */
  constrainedTiers: ReadonlySet<TrustTier>;
}>;

const unbound: Confirmation = {};

type Known = Extract<Standing, { kind: 'known' }>;

/**
 * Whether a token that may be believed was sent by whom it is bound to: it shows every key and certificate that the token names
 * (RFC 9449 §7.1, RFC 8705 §3). A bound token is never taken as a bearer token, nor a bearer token under the scheme of bound ones (§7.2).
 * Looks at the verified token, cached or not, with every request.
 */
export function senderCheck({ proofs, constrainedTiers }: SenderCheckOptions) {
  return (standing: Known, request: RequestContext): Standing | Promise<Standing> => {
    const { confirmation = unbound } = standing.token;
    const { keyThumbprint, certificateThumbprint } = confirmation;
    const { authorization, sender } = request;
    const isProving = 'scheme' in authorization && authorization.scheme === 'DPoP';
    if (certificateThumbprint !== undefined && certificateThumbprint !== sender?.certificateThumbprint)
      return refused('certificate_other');
    if (keyThumbprint === undefined) {
      const isUnbound = certificateThumbprint === undefined && constrainedTiers.has(request.tier);
      return isProving || isUnbound ? refused('token_unbound') : standing;
    }
    if (!isProving || sender === undefined) return refused('token_bound');
    const token = { text: authorization.token, keyThumbprint };
    return proofs
      .verify(request.proofs, { method: sender.method, url: sender.url, token })
      .then((proven) => afterProof(standing, proven));
  };
}

function afterProof(standing: Known, proven: ProofVerification): Standing {
  switch (proven.outcome) {
    case 'proven':
      return standing;
    case 'refused':
      return { kind: 'refused', reason: proven.reason, nonce: proven.nonce };
    case 'unknown':
      return refused(proven.reason);
  }
}

function refused(reason: DenialReason): Standing {
  return { kind: 'refused', reason };
}
