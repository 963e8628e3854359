import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { takeOrders } from '../orders.ts';

/** So many tokens, each distinct, to be shown at `url`. Refused ones are signed by a key that nobody knows. */
export type Showing = Readonly<{ url: string; count: number; refused?: boolean }>;

// An issuer that signs distinct tokens, as the house's are, and shows them to a verifier in another process.

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const { privateKey: unknownKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const kid = 'signer-1';
const keySet = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }] };
const header = encode({ alg: 'ES256', typ: 'at+jwt', kid });
const tokensEach = 500;
let made = 0;

const server = createServer((_, response) => {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(keySet));
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('There is no port to show keys at.');
  const issuer = `http://127.0.0.1:${address.port}`;
  takeOrders({ show: (showing: Showing) => show(issuer, showing) }, issuer);
});

/** Answers how many were admitted. */
async function show(issuer: string, { url, count, refused = false }: Showing): Promise<number> {
  const key = refused ? unknownKey : privateKey;
  let [left, admitted] = [count, 0];
  const inTurns = async (): Promise<void> => {
    while (left > 0) {
      const length = Math.min(left, tokensEach);
      left -= length;
      const tokens = Array.from({ length }, () => signedToken(issuer, key));
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const response = await fetch(`${url}/tokens`, { method: 'POST', headers, body: `tokens=${tokens.join('+')}` });
      if (!response.ok) throw new Error(`The verifier answered ${response.status}.`);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by catalog's `measured/verifier.ts`
      admitted += ((await response.json()) as { admitted: number }).admitted;
    }
  };
  // While one lot is looked at, the next is signed.
  await Promise.all([inTurns(), inTurns()]);
  return admitted;
}

function signedToken(iss: string, key: typeof privateKey): string {
  made += 1;
  const [number, iat] = [made.toString(36).padStart(10, '0'), Math.floor(Date.now() / 1000)];
  const times = { iat, exp: iat + 300, auth_time: iat };
  const who = { sub: `u_${number}`, client_id: 'web', sid: `${made.toString(36)}.measured`, jti: `to${number}` };
  const claims = { iss, aud: 'catalog', ...who, ...times, scope: 'catalog:read catalog:write', acr: 'aal1' };
  const signed = `${header}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
