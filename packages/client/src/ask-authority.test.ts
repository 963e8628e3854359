import { TRPCError } from '@trpc/server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clientKey, listenForServices, openServicePeer } from './service-testing-peer.ts';
import { AuthorityRefused, AuthorityUnavailable, openServiceClient } from './service.ts';

const { privateKey } = await clientKey();
const soon = () => AbortSignal.timeout(5000);

let opened: ReturnType<typeof openServicePeer>;
let network: Awaited<ReturnType<typeof listenForServices>>;

beforeEach(async () => {
  opened = openServicePeer();
  network = await listenForServices(opened);
});
afterEach(() => network.close());

const open = () => openServiceClient({ issuer: network.url, clientId: 'payments', privateKey });

const question = (tokenId: string) => ({
  tokenId,
  session: '1.abcdefghijklmnop',
  subject: 'u_adaAAAAAAAAAAAAA',
  client: 'web',
});

test('answers come in the order of the questions', async () => {
  const answers = await open().authority([question('a'), question('ended'), question('c')], soon());
  expect(answers.map((answer) => answer.active)).toEqual([true, false, true]);
  expect(answers[0]).toEqual({ active: true, authTime: 1, acr: 'aal1', answeredAt: 2 });
});

test('a full batch is one request, with its questions in the body', async () => {
  const questions = Array.from({ length: 128 }, (_, index) =>
    question(`${index % 2 ? 'ended' : 'alive'}-0123456${100 + index}`),
  );
  const answers = await open().authority(questions, soon());
  expect(answers.map((answer) => answer.active)).toEqual(questions.map((_, index) => index % 2 === 0));
  expect(opened.peer.introspections).toMatchObject([{ asked: 128, method: 'POST' }]);
});

test('questions with long identifiers are cut, in order, into requests of at most 16 kB', async () => {
  const questions = Array.from({ length: 128 }, (_, index) =>
    question(`${index % 3 ? 'ended' : 'alive'}-${'x'.repeat(150)}`),
  );
  const answers = await open().authority(questions, soon());
  expect(answers.map((answer) => answer.active)).toEqual(questions.map((_, index) => index % 3 === 0));
  expect(opened.peer.introspections.map(({ asked }) => asked).reduce((sum, asked) => sum + asked)).toBe(128);
  expect(opened.peer.introspections).toHaveLength(2);
  expect(Math.max(...opened.peer.introspections.map(({ bodyBytes }) => bodyBytes))).toBeLessThanOrEqual(16 * 1024);
});

test('a service token that is no longer taken is replaced once', async () => {
  const service = open();
  opened.peer.refusedTokens.add(await service.token('auth', 'introspect'));
  expect(await service.authority([question('a')], soon())).toHaveLength(1);
  opened.peer.refusedTokens.add('token-2').add('token-3');
  await expect(service.authority([question('a')], soon())).rejects.toEqual(new AuthorityRefused('invalid_token', 401));
  expect(opened.peer.forms).toHaveLength(3);
});

test('the deadline ends the wait, for the service token too, and is an outage', async () => {
  opened.peer.introspect = () => new Promise(() => {});
  await expect(open().authority([question('a')], AbortSignal.timeout(50))).rejects.toThrow(AuthorityUnavailable);
  opened.peer.answerToken = () => {};
  await expect(open().authority([question('a')], AbortSignal.timeout(50))).rejects.toThrow(AuthorityUnavailable);
});

test('an authority that fails is an outage', async () => {
  opened.peer.introspect = () => Promise.reject(new TRPCError({ code: 'SERVICE_UNAVAILABLE' }));
  await expect(open().authority([question('a')], soon())).rejects.toThrow(AuthorityUnavailable);
});

test('an answer of another form or length is no answer', async () => {
  opened.peer.introspect = () => Promise.resolve([{ active: 'yes' }]);
  await expect(open().authority([question('a')], soon())).rejects.toThrow(AuthorityUnavailable);
  opened.peer.introspect = () => Promise.resolve([{ active: false }]);
  await expect(open().authority([question('a'), question('b')], soon())).rejects.toThrow(AuthorityUnavailable);
});

test('a service that may not ask is refused, which says nothing about the user', async () => {
  opened.peer.introspect = () => Promise.reject(new TRPCError({ code: 'FORBIDDEN', message: 'insufficient_scope' }));
  await expect(open().authority([question('a')], soon())).rejects.toEqual(
    new AuthorityRefused('insufficient_scope', 403),
  );
});

test('who is to be carried on is asked about with their token, and comes with a transaction token, or with the reason why not', async () => {
  const onward = { token: 'users-own', scope: 'catalog:read', context: { product: 'p1' } };
  let asked: unknown;
  opened.peer.introspect = async (questions) => {
    asked = questions;
    const alive = { active: true, authTime: 1, acr: 'aal2', answeredAt: 2 };
    return [{ ...alive, onward: { transaction: 'minted' } }, { ...alive, onward: { refused: 'invalid_scope' } }, alive];
  };
  const questions = [{ ...question('a'), onward }, { ...question('b'), onward }, question('c')];
  const answers = await open().authority(questions, soon());
  expect(asked).toEqual(questions);
  expect(answers.map((answer) => answer.active && answer.onward)).toEqual([
    { transaction: 'minted' },
    { refused: 'invalid_scope' },
    undefined,
  ]);
  for (const word of [{ transaction: '' }, { refused: 1 }, {}, 'minted']) {
    opened.peer.introspect = async () => [{ active: true, authTime: 1, acr: 'aal2', answeredAt: 2, onward: word }];
    await expect(open().authority([question('a')], soon())).rejects.toThrow(AuthorityUnavailable);
  }
});

test('a wish for a transaction token that fits into no request is not sent, and costs nobody an answer', async () => {
  const onward = (text: string) => ({ token: 'users-own', scope: 'catalog:read', context: { product: text } });
  const asked: unknown[] = [];
  opened.peer.introspect = async (questions) => {
    asked.push(...questions);
    return questions.map((about) => ({
      active: about.tokenId !== 'ended',
      authTime: 1,
      acr: 'aal2',
      answeredAt: 2,
      ...(about.onward && { onward: { transaction: 'minted' } }),
    }));
  };
  const long = onward('x'.repeat(16_000));
  const answers = await open().authority(
    [
      { ...question('a'), onward: onward('p1') },
      { ...question('b'), onward: long },
      { ...question('ended'), onward: long },
      question('d'),
    ],
    soon(),
  );
  expect(answers.map((answer) => answer.active && answer.onward)).toEqual([
    { transaction: 'minted' },
    { refused: 'invalid_request' },
    false,
    undefined,
  ]);
  expect(asked).toEqual([{ ...question('a'), onward: onward('p1') }, question('b'), question('ended'), question('d')]);
});
