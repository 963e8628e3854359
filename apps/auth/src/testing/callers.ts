import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createTRPCClient, httpLink, TRPCClientError } from '@trpc/client';
import { exportJWK, SignJWT, type JWTPayload } from 'jose';
import * as z from 'zod';
import type { AuthRouter } from '../contract.ts';
import { parseObject } from './expected.ts';

export type ServiceName = 'catalog' | 'payments';
export type ServiceKeys = Readonly<Record<ServiceName, Awaited<ReturnType<typeof newServiceKey>>>>;
type Members = Readonly<Record<string, string>>;

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Everybody who calls an authority in its tests: people's clients over tRPC, services and strangers over OAuth's forms.
 */
export function openCallers({ issuer, keys, now }: Readonly<{ issuer: string; keys: ServiceKeys; now: () => number }>) {
  async function assertion(clientId: ServiceName, claims: JWTPayload = {}): Promise<string> {
    const at = Math.floor(now() / 1000);
    const jti = randomBytes(12).toString('base64url');
    const standard = { iss: clientId, sub: clientId, aud: issuer, iat: at, exp: at + 60, jti };
    const { kid, privateKey } = keys[clientId];
    return new SignJWT({ ...standard, ...claims }).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey);
  }

  async function post(path: string, members: Members) {
    const response = await fetch(`${issuer}${path}`, { method: 'POST', body: new URLSearchParams(members) });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parseObject(text) };
  }

  return {
    assertion,
    post,
    /** Posts a form as a service that authenticates itself. */
    postAs: async (clientId: ServiceName, path: string, members: Members) => {
      const identity = { client_assertion_type: assertionType, client_assertion: await assertion(clientId) };
      return post(path, { ...identity, ...members });
    },
    /** A tRPC client, with or without an access token, and with more headers. */
    as: (token?: string, more: Members = {}) => {
      const headers = { ...more, ...(token !== undefined && { authorization: `Bearer ${token}` }) };
      return createTRPCClient<AuthRouter>({ links: [httpLink({ url: `${issuer}/trpc`, headers })] });
    },
  };
}

export async function newServiceKey(kid: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kind = { kid, kty: 'EC', crv: 'P-256' };
  const publicJwk = { ...(await exportJWK(publicKey)), ...kind };
  const privateJwk = { ...(await exportJWK(privateKey)), ...kind };
  return { kid, privateKey, publicJwk, privateJwk };
}

const refusal = z.object({ httpStatus: z.number(), reason: z.string() });

/** Status, `reason` and message of a call that must be refused. */
export async function refusalOf(call: Promise<unknown>): Promise<{ status: number; reason: string; message: string }> {
  const outcome = await call.catch((error: unknown) => error);
  if (!(outcome instanceof TRPCClientError)) throw new Error('The call was not refused.', { cause: outcome });
  const { httpStatus: status, reason } = refusal.parse(outcome.data);
  return { status, reason, message: outcome.message };
}
