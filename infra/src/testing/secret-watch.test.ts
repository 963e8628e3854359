import { expect, test } from 'vitest';
import { openSecretWatch } from './secret-watch.ts';

const password = 'a canary of a password';

function watchOf(status: number, answer: unknown) {
  const watch = openSecretWatch();
  const send = async () => Response.json(answer, { status });
  return { watch, fetch: watch.watching(send) };
}

test('a secret that was sent is found where it stands, in whatever spelling', async () => {
  const { watch, fetch } = watchOf(200, {});
  await fetch('http://auth.test/trpc/signIn', { method: 'POST', body: JSON.stringify({ deep: [{ password }] }) });
  const bytes = Buffer.from(password);
  const spelled = [password, bytes.toString('hex'), bytes.toString('base64'), encodeURIComponent(password)];
  const sinks = spelled.map((text, index) => ({ name: String(index), text: `before ${text} after` }));
  expect(watch.findings([...sinks, { name: 'clean', text: 'nothing here' }]).map(({ sink }) => sink)).toEqual([
    '0',
    '1',
    '2',
    '3',
  ]);
});

test('what came in is looked for as well: tokens of an answer, and those of a header and an address', async () => {
  const { watch, fetch } = watchOf(200, { result: { data: { accessTokens: { a: { token: 'the-token-of-a' } } } } });
  const input = encodeURIComponent(JSON.stringify({ refreshToken: 'the-refresh-token' }));
  await fetch(`http://auth.test/trpc/refresh?input=${input}`, {
    headers: { authorization: 'Bearer the-bearer-token' },
  });
  for (const text of ['the-token-of-a', 'the-refresh-token', 'the-bearer-token']) {
    expect(watch.findings([{ name: 'log', text }])).toHaveLength(1);
  }
});

test('a refusal that repeats a secret is found, and so is any signed token', async () => {
  const { watch, fetch } = watchOf(400, { error: { message: `wrong: ${password}` } });
  await fetch('http://auth.test/trpc/signIn', {
    method: 'POST',
    body: new URLSearchParams({ client_assertion: password }),
  });
  expect(watch.findings([])).toEqual([{ sink: 'answer 400 of /trpc/signIn', secret: 'client_assertion' }]);
  expect(watch.findings([{ name: 'log', text: 'eyJhbGciOiJFUzI1NiJ9.e30.c2ln' }])).toContainEqual({
    sink: 'log',
    secret: 'a signed token',
  });
});
