import { inTransaction } from '@sallyport/db';
import { generateRegistrationOptions, verifyRegistrationResponse } from '@simplewebauthn/server';
import { decodeAttestationObject } from '@simplewebauthn/server/helpers';
import { recordAudit } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits } from '../database.ts';
import { factorEvent, mailFactorNews } from '../second-factor/factor-news.ts';
import { passkeys } from '../second-factor/factor-tables.ts';
import { passkeysOf } from './passkey-assertion.ts';
import { drawChallenge, spendChallenge } from './passkey-challenge.ts';
import type { PasskeyRegistration } from './passkey-forms.ts';

/** COSE algorithms of the keys that are taken: EdDSA, ES256, RS256. */
const algorithms = [-8, -7, -257];

const maxPasskeys = 20;

/** Whose, in which session. */
export type Registrant = Readonly<{ subject: string; session: string; label: string }>;

/** Options for `navigator.credentials.create()`. `undefined` when the account has as many passkeys as it may have. */
export async function beginRegistration(authority: Authority, { subject, session, label }: Registrant) {
  const { relyingParty, database } = authority;
  const own = await passkeysOf(database, subject);
  if (own.length >= maxPasskeys) return undefined;
  return generateRegistrationOptions({
    rpName: 'Sallyport',
    rpID: relyingParty.domain,
    userID: new Uint8Array(Buffer.from(subject)),
    userName: label,
    challenge: await drawChallenge(authority, { purpose: 'register', boundTo: session }),
    attestationType: 'none',
    excludeCredentials: own.map(({ credentialId }) => ({ id: credentialId })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    supportedAlgorithmIDs: algorithms,
  });
}

export type Registered = 'registered' | 'refused' | 'taken';

/**
 * Registers a passkey as WebAuthn Level 3 §7.1 has it. No attestation is asked for and none is believed: an answer that brings one
 * is refused before anything in it is read. `taken`: the credential is registered, to whomever.
 */
export async function finishRegistration(
  authority: Authority,
  { subject, session, label }: Registrant,
  answer: PasskeyRegistration,
): Promise<Registered> {
  const { database, relyingParty, log, now } = authority;
  const use = { purpose: 'register', boundTo: session } as const;
  const challenge = await spendChallenge(authority, answer.response.clientDataJSON, use);
  if (challenge === undefined) return 'refused';
  const { clientDataJSON, attestationObject, transports = [] } = answer.response;
  const verified = await verify().catch((err: unknown) => {
    log.warn({ subject, because: String(err) }, 'a passkey was not registered');
    return undefined;
  });
  const credential = verified?.registrationInfo?.credential;
  if (verified?.verified !== true || credential === undefined) return 'refused';
  const passkey = {
    credentialId: credential.id,
    subject,
    publicKey: Buffer.from(credential.publicKey).toString('base64url'),
    signCount: credential.counter,
    isSynced: verified.registrationInfo?.credentialDeviceType === 'multiDevice',
    transports,
    label,
    createdAt: new Date(now()),
  };
  const added = await inTransaction(database, transactionLimits, async (transaction) => {
    const rows = await transaction.insert(passkeys).values(passkey).onConflictDoNothing().returning();
    if (rows.length === 1) await recordAudit(transaction, factorEvent('factor.enrolled', subject, { kind: 'passkey' }));
    return rows.length === 1;
  });
  if (added) mailFactorNews(authority, 'factor.enrolled', subject);
  return added ? 'registered' : 'taken';

  async function verify() {
    const format = decodeAttestationObject(new Uint8Array(Buffer.from(attestationObject, 'base64url'))).get('fmt');
    if (format !== 'none') throw new Error('It brings an attestation.');
    return verifyRegistrationResponse({
      response: { ...answer, response: { clientDataJSON, attestationObject }, clientExtensionResults: {} },
      expectedChallenge: challenge ?? '',
      expectedOrigin: [...relyingParty.origins],
      expectedRPID: relyingParty.domain,
      requireUserVerification: true,
      supportedAlgorithmIDs: algorithms,
    });
  }
}
