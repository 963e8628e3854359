import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { z } from 'zod';
import { listenLocally } from '../listen-locally.ts';
import { takeOrders } from '../orders.ts';
import { bareCheck, bareToken, encode, signedPart } from './bare-signature.ts';
import { openSessionRows } from './session-rows.ts';

// A limit: the least with which a buyer is vouched for and carried on to another service. The signature of the buyer's token is checked,
// the row of the session is read, and one statement is signed for whoever is called next. What the token, the row and the clients say is
// looked at by nobody. A GET answers the key that it signs with.

const { DATABASE_URL: databaseUrl = '', KEY_SET: keySet = '' } = process.env;
const sessions = await openSessionRows(databaseUrl);
const checks = await signatureChecks(keySet);
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const header = encode({ alg: 'ES256' });

/** What is asked by payments' `measured/ledger-without-gates.ts`. */
type Question = Readonly<{ token: string; session: string; about: object }>;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  const send = (status: number, answer: object): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  };
  // By its events: to read it as an iterable takes longer, and this is the least.
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    if (request.method === 'GET') return send(200, publicKey.export({ format: 'jwk' }));
    vouch(Buffer.concat(chunks).toString()).then(
      (answer) => send(200, answer),
      (error: unknown) => send(500, { error: String(error) }),
    );
  });
});

takeOrders({}, await listenLocally(server));

async function vouch(asked: string): Promise<Readonly<{ signed: string }>> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both ends are the benchmark's, and reading it strictly is more than the least
  const { token, session, about } = JSON.parse(asked) as Question;
  const check = checks.get(keyIdOf(token));
  if (check === undefined) throw new Error('Signed by nobody who is known.');
  check(signedPart(token));
  const [row] = await sessions.one(session);
  if (row === undefined) throw new Error('There is no such session.');
  return { signed: bareToken(header, { row, about }, privateKey) };
}

async function signatureChecks(url: string) {
  const response = await fetch(url);
  const { keys } = z.object({ keys: z.array(z.looseObject({ kid: z.string() })) }).parse(await response.json());
  return new Map(keys.map((key) => [key.kid, bareCheck(key)]));
}

function keyIdOf(token: string): string {
  const text = Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above; what is no name finds no key
  return (JSON.parse(text) as { kid: string }).kid;
}
