import { afterEach, beforeEach, expect, test } from 'vitest';
import { clientKey, listenForServices, openServicePeer } from './service-testing-peer.ts';
import { AuthorityRefused, AuthorityUnavailable, openServiceClient } from './service.ts';

const { privateKey } = await clientKey();
const unhurried = new AbortController().signal;

let opened: ReturnType<typeof openServicePeer>;
let network: Awaited<ReturnType<typeof listenForServices>>;

beforeEach(async () => {
  opened = openServicePeer();
  network = await listenForServices(opened);
});
afterEach(() => network.close());

const load = (signal = unhurried) =>
  openServiceClient({ issuer: network.url, clientId: 'catalog', privateKey }).policy(signal);

test('the rule set comes as it was published, asked for as this service with the scope for it', async () => {
  opened.peer.rules = async () => ({ ruleSet: { version: 3, anything: [null] } });
  expect(await load()).toEqual({ version: 3, anything: [null] });
  expect(opened.peer.forms[0]?.get('scope')).toBe('policy');
});

test('an answer of another form, and none at all, are an outage', async () => {
  opened.peer.rules = async () => 'rules!';
  await expect(load()).rejects.toThrow(AuthorityUnavailable);
  opened.peer.rules = () => new Promise(() => {});
  await expect(load(AbortSignal.timeout(20))).rejects.toThrow(AuthorityUnavailable);
});

test('a token that is no longer taken is replaced once; after that it is a refusal', async () => {
  opened.peer.refusedTokens.add('token-1');
  await load();
  expect(opened.peer.forms).toHaveLength(2);
  for (const token of ['token-3', 'token-4']) opened.peer.refusedTokens.add(token);
  await expect(load()).rejects.toThrow(AuthorityRefused);
});
