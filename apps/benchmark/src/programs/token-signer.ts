import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { takeOrders } from '../orders.ts';
import { bareToken, encode } from './bare-signature.ts';

/** So many tokens to be shown at `url`: each a new one, shown so many `times` (default once), or `steady` ones, a thousand in turns. */
export type Showing = Readonly<{ url: string; count: number; times?: number; steady?: boolean }>;

// An issuer that signs tokens, as the house's are, and shows them to a verifier in another process.

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const kid = 'signer-1';
const keySet = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }] };
const header = encode({ alg: 'ES256', typ: 'at+jwt', kid });
// Few enough for a body that is no large object to V8, which has a memory of its own for those: real requests bring one.
const tokensEach = 64;
const steadyTokens = 1000;
const madeBefore: string[] = [];
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

/** Answers how many were admitted, of all that were shown. */
async function show(issuer: string, { url, count, times = 1, steady = false }: Showing): Promise<number> {
  let [shown, admitted] = [0, 0];
  const inTurns = async (): Promise<void> => {
    while (shown < count) {
      const first = shown;
      shown = Math.min(count, first + tokensEach);
      const tokens = Array.from({ length: shown - first }, (_, index) =>
        steady ? steadyToken(issuer, first + index) : signedToken(issuer),
      );
      for (let time = 0; time < times; time += 1) {
        // Added after the wait: the other turn adds meanwhile.
        const more = await showOnce(url, tokens);
        admitted += more;
      }
    }
  };
  // While one lot is looked at, the next is signed.
  await Promise.all([inTurns(), inTurns()]);
  return admitted;
}

async function showOnce(url: string, tokens: readonly string[]): Promise<number> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const response = await fetch(`${url}/tokens`, { method: 'POST', headers, body: `tokens=${tokens.join('+')}` });
  if (!response.ok) throw new Error(`The verifier answered ${response.status}.`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by catalog's `measured/verifier.ts`
  return ((await response.json()) as { admitted: number }).admitted;
}

function steadyToken(issuer: string, turn: number): string {
  return (madeBefore[turn % steadyTokens] ??= signedToken(issuer));
}

function signedToken(iss: string): string {
  made += 1;
  const [number, iat] = [made.toString(36).padStart(10, '0'), Math.floor(Date.now() / 1000)];
  const times = { iat, exp: iat + 300, auth_time: iat };
  const who = { sub: `u_${number}`, client_id: 'web', sid: `${made.toString(36)}.measured`, jti: `to${number}` };
  const claims = { iss, aud: 'catalog', ...who, ...times, scope: 'catalog:read catalog:write', acr: 'aal1' };
  return bareToken(header, claims, privateKey);
}
