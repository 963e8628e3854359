import { expect, test } from 'vitest';
import type { JsonObject } from '../strict-json.ts';
import { decide, publicHalf, type Decision } from './vector-decision.ts';
import { hasVectors, readVectors } from './vectors.ts';

const absent = !hasVectors('jose-cookbook');

type Vector = Readonly<{
  input: Readonly<{ key: JsonObject | readonly JsonObject[]; alg: string | readonly string[] }>;
  output: Readonly<{ compact?: string; json?: object; json_flat?: object }>;
}>;

// RFC 7520 §4, RFC 8037 appendix A, RFC 7797 §4. Skipped where SALLYPORT_VECTORS_DIR has no jose-cookbook folder.
test.skipIf(absent).each<[string, Decision | undefined]>([
  ['jws/4_1.rsa_v15_signature', 'accepted'],
  ['jws/4_2.rsa-pss_signature', 'accepted'],
  ['jws/4_3.ecdsa_signature', 'accepted'],
  ['jws/4_4.hmac-sha2_integrity_protection', 'key'],
  ['jws/4_5.signature_with_detached_content', 'grammar'],
  ['jws/4_6.protecting_specific_header_fields', undefined],
  ['jws/4_7.protecting_content_only', undefined],
  ['jws/4_8.multiple_signatures', undefined],
  ['curve25519/jws', 'accepted'],
  ['rfc7797/hmac-sha2_b64_false', 'grammar'],
  ['rfc7797/4.2.hmac-sha2_b64_false', undefined],
])('jose-cookbook %s: compact form %s, JSON forms refused by the grammar (JWT-14)', async (name, expected) => {
  const { input, output } = readVectors(`jose-cookbook/${name}.json`) as Vector;
  const key = { alg: input.alg, ...publicHalf(Array.isArray(input.key) ? input.key[0] : input.key) };
  expect(output.compact === undefined ? undefined : await decide(output.compact, key)).toBe(expected);
  const forms = [output.json, output.json_flat].filter((form) => form !== undefined);
  expect(forms.length).toBeGreaterThan(0);
  for (const form of forms) expect(await decide(JSON.stringify(form), key)).toBe('grammar');
});

// Skipped where SALLYPORT_VECTORS_DIR has no jose-cookbook folder.
test.skipIf(absent)(
  'a signature of the cookbook stops to hold when one character of what it signs is another',
  async () => {
    for (const name of [
      'jws/4_1.rsa_v15_signature',
      'jws/4_2.rsa-pss_signature',
      'jws/4_3.ecdsa_signature',
      'curve25519/jws',
    ]) {
      const { input, output } = readVectors(`jose-cookbook/${name}.json`) as Vector;
      const key = { alg: input.alg, ...publicHalf(input.key) };
      const [header, payload = '', signature] = output.compact?.split('.') ?? [];
      const changed = `${payload.startsWith('A') ? 'B' : 'A'}${payload.slice(1)}`;
      expect(await decide(`${header}.${changed}.${signature}`, key)).toBe('signature');
    }
  },
);
