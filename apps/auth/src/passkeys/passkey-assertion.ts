import { generateAuthenticationOptions, verifyAuthenticationResponse } from '@simplewebauthn/server';
import { and, eq, lt } from 'drizzle-orm';
import type { Authority } from '../authority.ts';
import type { AuthQueries } from '../database.ts';
import { accounts } from '../schema.ts';
import type { CheckedFactor } from '../second-factor/checked-factor.ts';
import { passkeys } from '../second-factor/factor-tables.ts';
import type { Proof } from '../sign-in/proof.ts';
import type { Session } from '../sign-in/sessions.ts';
import { base64url, drawChallenge, spendChallenge, type ChallengeUse } from './passkey-challenge.ts';
import type { PasskeyAssertion } from './passkey-forms.ts';

type Passkey = typeof passkeys.$inferSelect;

/**
 * Options for `navigator.credentials.get()`. Before somebody is known they name no credential, so they tell nobody who has one:
 * the authenticator finds its own.
 */
export async function beginPasskeyAssertion(authority: Authority, use: ChallengeUse, allowed: readonly Passkey[] = []) {
  return generateAuthenticationOptions({
    rpID: authority.relyingParty.domain,
    challenge: await drawChallenge(authority, use),
    allowCredentials: allowed.map(({ credentialId }) => ({ id: credentialId })),
    userVerification: 'required',
  });
}

export async function passkeysOf(queries: AuthQueries, subject: string): Promise<readonly Passkey[]> {
  return queries.select().from(passkeys).where(eq(passkeys.subject, subject)).orderBy(passkeys.createdAt);
}

/** What a passkey that was checked gives. `keep` writes that it was used; false when the same count was kept before. */
type Checked = Readonly<{ passkey: Passkey; amr: readonly string[]; keep: (queries: AuthQueries) => Promise<boolean> }>;

/**
 * Checks an answer as WebAuthn Level 3 §7.2 has it: type, challenge, origin, domain, presence and verification of the person,
 * signature and count by the library; that the challenge is ours, unused and for this use, and whose passkey it is, here.
 *
 * A count that does not grow is a copy of the authenticator (§6.1.1): refused, and logged. Not checked: attestation, at any time.
 */
async function checkAssertion(
  authority: Authority,
  answer: PasskeyAssertion,
  use: ChallengeUse,
): Promise<Checked | undefined> {
  const { database, relyingParty, log, now } = authority;
  const challenge = await spendChallenge(authority, answer.response.clientDataJSON, use);
  if (challenge === undefined) return undefined;
  const [passkey] = await database.select().from(passkeys).where(eq(passkeys.credentialId, answer.id));
  if (passkey === undefined || !isHandleOf(answer, passkey)) return undefined;
  const verified = await verifyAuthenticationResponse({
    response: { ...answer, response: withoutAbsent(answer.response), clientExtensionResults: {} },
    expectedChallenge: challenge,
    expectedOrigin: [...relyingParty.origins],
    expectedRPID: relyingParty.domain,
    requireUserVerification: true,
    credential: {
      id: passkey.credentialId,
      publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
      counter: passkey.signCount,
    },
  }).catch((err: unknown) => {
    // Every "no" of the library is thrown. It asks nobody, so none of them is an outage.
    log.warn({ subject: passkey.subject, because: String(err) }, 'a passkey was refused');
    return undefined;
  });
  if (verified?.verified !== true) return undefined;
  const signCount = verified.authenticationInfo.newCounter;
  return {
    passkey,
    amr: amrOf(passkey),
    async keep(queries) {
      const kept = await queries
        .update(passkeys)
        .set({ signCount, lastUsedAt: new Date(now()) })
        .where(
          and(
            eq(passkeys.credentialId, passkey.credentialId),
            signCount === 0 ? eq(passkeys.signCount, 0) : lt(passkeys.signCount, signCount),
          ),
        )
        .returning({ id: passkeys.credentialId });
      return kept.length === 1;
    },
  };
}

/** A passkey as the second factor of a session. */
export async function checkPasskeyForStepUp(
  authority: Authority,
  session: Session,
  answer: PasskeyAssertion,
): Promise<CheckedFactor> {
  const checked = await checkAssertion(authority, answer, { purpose: 'step up', boundTo: session.sid });
  if (checked === undefined) {
    const own = await passkeysOf(authority.database, session.subject);
    return { outcome: own.length === 0 ? 'not enrolled' : 'wrong' };
  }
  // Somebody else's passkey proves that somebody else is here.
  if (checked.passkey.subject !== session.subject) return { outcome: 'wrong' };
  return { outcome: 'right', amr: checked.amr, spend: checked.keep };
}

/**
 * A passkey as the whole sign-in: something one has, opened by something one knows or is, is two factors (NIST SP 800-63B-4
 * §2.2.1). `undefined` for every "no", a disabled account among them.
 */
export async function signInByPasskey(
  authority: Authority,
  answer: PasskeyAssertion,
  clientId: string,
): Promise<Readonly<{ subject: string; proof: Proof }> | undefined> {
  const checked = await checkAssertion(authority, answer, { purpose: 'sign in', boundTo: clientId });
  // Only a discoverable credential says whose it is, and only that says who signs in.
  if (checked === undefined || answer.response.userHandle === undefined) return undefined;
  const { subject } = checked.passkey;
  const [account] = await authority.database.select().from(accounts).where(eq(accounts.subject, subject));
  if (!account?.enabled || !(await checked.keep(authority.database))) return undefined;
  return { subject, proof: { acr: 'aal2', amr: [...checked.amr, 'mfa'] } };
}

function isHandleOf({ response: { userHandle } }: PasskeyAssertion, { subject }: Passkey): boolean {
  return userHandle === undefined || userHandle === base64url(Buffer.from(subject));
}

/** RFC 8176: a key that stays in its device, or one that its owner's other devices have too; and somebody was there. */
function amrOf({ isSynced }: Passkey): readonly string[] {
  return [isSynced ? 'swk' : 'hwk', 'user'];
}

function withoutAbsent({ userHandle, ...response }: PasskeyAssertion['response']) {
  return { ...response, ...(userHandle !== undefined && { userHandle }) };
}
