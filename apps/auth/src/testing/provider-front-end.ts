import { createHash, randomBytes } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { RunningAuthority } from './running-authority.ts';
import type { ScriptedProvider } from './scripted-provider.ts';

/** Where the front end of these tests wants its people back. */
export const returnTo = 'https://shop.example/signed-in?from=provider';

/** Registers it for the client `web`. */
export async function allowReturn({ operator }: RunningAuthority, address: string = returnTo): Promise<void> {
  await operator.query(`UPDATE clients SET return_addresses = ARRAY[$1] WHERE client_id = 'web'`, [address]);
}

/** What a front end keeps while its person is away, and what it shows of it. */
export function newChallenge(): Readonly<{ verifier: string; challenge: string }> {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** One answer, with no redirect followed: a browser's steps are the test's to take. */
export async function visit(
  url: string,
): Promise<Readonly<{ status: number; location: string; headers: Headers; text: string }>> {
  const response = await fetch(url, { redirect: 'manual' });
  return {
    status: response.status,
    location: response.headers.get('location') ?? '',
    headers: response.headers,
    text: await response.text(),
  };
}

export type Wanted = Readonly<{ provider?: string; challenge: string; extra?: Readonly<Record<string, string>> }>;

/** The address that a front end sends its person to. */
export function beginUrl(
  { issuer }: RunningAuthority,
  { provider = 'scripted', challenge, extra = {} }: Wanted,
): string {
  const parameters = {
    client_id: 'web',
    return_to: returnTo,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  };
  return `${issuer}/providers/${provider}/begin?${new URLSearchParams({ ...parameters, ...extra }).toString()}`;
}

/** The address that the provider sends them back to. */
export function callbackUrl(
  { issuer }: RunningAuthority,
  answer: Readonly<Record<string, string>>,
  provider = 'scripted',
): string {
  return `${issuer}/providers/${provider}/callback?${new URLSearchParams(answer).toString()}`;
}

/** All the way there and back: the address at the front end, and its verifier. */
export async function goThere(
  running: RunningAuthority,
  provider: ScriptedProvider,
  { claims, extra = {} }: Readonly<{ claims: JWTPayload; extra?: Readonly<Record<string, string>> }>,
): Promise<Readonly<{ address: URL; presented: { code: string; verifier: string } }>> {
  const { verifier, challenge } = newChallenge();
  const { location } = await visit(beginUrl(running, { challenge, extra }));
  const back = await visit(callbackUrl(running, await provider.letIn(location, claims)));
  const address = new URL(back.location);
  return { address, presented: { code: address.searchParams.get('code') ?? '', verifier } };
}
