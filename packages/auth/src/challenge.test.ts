import { expect, test } from 'vitest';
import { answerDenial } from './challenge.ts';
import type { DenialReason } from './denial.ts';

const invalid: DenialReason[] = [
  'token_malformed',
  'token_header_refused',
  'token_type',
  'token_algorithm',
  'token_key_unknown',
  'token_signature',
  'token_claims',
  'token_issuer',
  'token_audience',
  'token_expired',
  'token_from_the_future',
  'token_lifetime',
  'revoked',
];

test('every bad token is answered alike, whatever was wrong with it', () => {
  const answers = new Set(invalid.map((reason) => JSON.stringify(answerDenial({ reason }))));
  expect([...answers]).toEqual([
    JSON.stringify({
      status: 401,
      reason: 'invalid_token',
      message: 'The token is not accepted here.',
      wwwAuthenticate: 'Bearer realm="sallyport", error="invalid_token"',
    }),
  ]);
});

test('no token at all is asked for one, without an error code', () => {
  expect(answerDenial({ reason: 'token_missing' }).wwwAuthenticate).toBe('Bearer realm="sallyport"');
});

test('a step-up names what would do, in header and data alike', () => {
  const stepUp = { acrValues: ['aal2'], maxAgeSeconds: 300, scope: 'payments:write' };
  expect(answerDenial({ reason: 'second_factor_too_old', stepUp })).toEqual({
    status: 401,
    reason: 'insufficient_user_authentication',
    message: 'This needs a recent second factor.',
    wwwAuthenticate:
      'Bearer realm="sallyport", error="insufficient_user_authentication", acr_values="aal2", max_age="300", scope="payments:write"',
    challenge: stepUp,
  });
});

test('an outage is 503 and says nothing about the credential', () => {
  for (const reason of ['feed_silent', 'authority_unreachable', 'keys_unavailable'] as const) {
    expect(answerDenial({ reason })).toEqual({
      status: 503,
      reason: 'temporarily_unavailable',
      message: 'This cannot be decided right now. Try again shortly.',
    });
  }
});
