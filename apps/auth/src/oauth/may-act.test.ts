import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claimsOf } from '../testing/expected.ts';
import { grace, runAuthority, type RunningAuthority } from '../testing/running-authority.ts';

let auth: RunningAuthority;
let claims: Readonly<Record<string, unknown>>;
beforeAll(async () => {
  auth = await runAuthority();
  claims = claimsOf((await auth.as().signIn.mutate(grace)).accessTokens['payments']?.token);
});
afterAll(() => auth.close());

/** Grace's token as the authority would sign it, if it named who may act with it. */
async function naming(mayAct: unknown): Promise<string> {
  const { keyId, privateKey } = auth.authority.keys.signing();
  return new SignJWT({ ...claims, may_act: mayAct })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: keyId })
    .sign(privateKey);
}

test.each<[string, () => unknown, boolean]>([
  ['the requester', () => ({ sub: 'payments' }), true],
  ['the requester at this issuer', () => ({ sub: 'payments', iss: auth.issuer }), true],
  ['another service', () => ({ sub: 'catalog' }), false],
  ['the requester’s name at another issuer', () => ({ sub: 'payments', iss: 'https://other.example' }), false],
  ['the requester, and something that we do not know', () => ({ sub: 'payments', group: 'night' }), false],
  ['nobody', () => ({}), false],
  ['a list', () => [{ sub: 'payments' }], false],
  ['nothing at all', () => null, false],
])('a token that lets %s act is exchanged accordingly (TEX-06)', async (_, mayAct, isExchanged) => {
  const { status, json } = await auth.postAs('payments', '/oauth/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: 'urn:ietf:params:oauth:token-type:txn_token',
    audience: 'sallyport',
    scope: 'catalog:read',
    subject_token: await naming(mayAct()),
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  });
  expect({ status, error: json['error'] }).toEqual(
    isExchanged ? { status: 200, error: undefined } : { status: 400, error: 'invalid_grant' },
  );
});
