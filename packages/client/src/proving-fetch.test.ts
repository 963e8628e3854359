import { createServer, type IncomingMessage } from 'node:http';
import { proofVerifier, type ProofVerification } from '@sallyport/auth';
import { calculateJwkThumbprint, exportJWK } from 'jose';
import { afterEach, expect, test } from 'vitest';
import { newSenderKey, provingFetch } from './index.ts';
import { listenAnywhere } from './testing-server.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const token = 'an.access.token';

/** A server that checks proofs, always with a nonce, as a resource (401 with a challenge) or a token endpoint (400) does. */
async function checkingServer(keyThumbprint: string, as: 'resource' | 'token endpoint') {
  const proofs = proofVerifier({ nonce: 'always' });
  const answers: ProofVerification[] = [];
  const bodies: string[] = [];

  async function check(request: IncomingMessage): Promise<ProofVerification> {
    const url = `http://${request.headers.host}${request.url?.split('?')[0]}`;
    const bound = request.headers.authorization === undefined ? {} : { token: { text: token, keyThumbprint } };
    const proof = String(request.headers['dpop']);
    return proofs.verify([proof], { method: request.method ?? '', url, ...bound });
  }

  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      bodies.push(Buffer.concat(chunks).toString());
      const answer = await check(request);
      answers.push(answer);
      if (answer.outcome === 'proven') return response.end('done');
      const nonce = answer.outcome === 'refused' ? answer.nonce : undefined;
      if (nonce !== undefined) response.setHeader('DPoP-Nonce', nonce);
      if (as === 'resource') response.setHeader('WWW-Authenticate', `DPoP error="${nonce ? 'use_dpop_nonce' : 'no'}"`);
      response.statusCode = as === 'resource' ? 401 : 400;
      return response.end(JSON.stringify({ error: nonce ? 'use_dpop_nonce' : 'invalid_dpop_proof' }));
    })();
  });
  const { url, close } = await listenAnywhere(server);
  closing.push(close);
  return { url, answers, bodies };
}

test.each(['resource', 'token endpoint'] as const)(
  'every request to a %s is proven for itself; the nonce it asks for is learned once, and the body is sent again (DPP-05)',
  async (as) => {
    const key = await newSenderKey();
    const keyThumbprint = await calculateJwkThumbprint(await exportJWK(key.publicKey));
    const server = await checkingServer(keyThumbprint, as);
    const send = provingFetch(key, fetch);
    const headers = { authorization: `DPoP ${token}` };
    const first = await send(`${server.url}/trpc/pay?batch=1`, { method: 'POST', body: 'the body', headers });
    expect([first.status, await first.text()]).toEqual([200, 'done']);
    expect(server.answers.map(({ outcome }) => outcome)).toEqual(['refused', 'proven']);
    expect(server.bodies).toEqual(['the body', 'the body']);
    for (let index = 0; index < 3; index += 1) expect((await send(`${server.url}/read`)).status).toBe(200);
    expect(server.answers.slice(2)).toEqual(Array.from({ length: 3 }, () => ({ outcome: 'proven', keyThumbprint })));
  },
);

test('a server that is never content is asked twice, and its answer is the caller’s', async () => {
  const key = await newSenderKey();
  const server = await checkingServer('of another key', 'resource');
  const headers = { authorization: `DPoP ${token}` };
  expect((await provingFetch(key, fetch)(server.url, { headers })).status).toBe(401);
  expect(server.answers).toEqual([{ outcome: 'refused', reason: 'proof_key_other' }]);
});

test('the private half of a sender’s key cannot be read, and every key is another', async () => {
  const [one, other] = [await newSenderKey(), await newSenderKey()];
  expect(one.privateKey.extractable).toBe(false);
  await expect(crypto.subtle.exportKey('pkcs8', one.privateKey)).rejects.toThrow();
  expect(await exportJWK(one.publicKey)).not.toEqual(await exportJWK(other.publicKey));
});
