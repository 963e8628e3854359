import { provingFetch, type SenderKey } from '@sallyport/client';
import { createTRPCClient, httpLink } from '@trpc/client';
import type { AuthRouter } from '../contract.ts';
import { parseObject } from './expected.ts';

export type ProvingCallers = ReturnType<typeof openProvingCallers>;

/** Callers of an authority that prove to hold a key, as front ends and services do. */
export function openProvingCallers({ issuer, now }: Readonly<{ issuer: string; now: () => number }>) {
  const tokenEndpoint = `${issuer}/oauth/token`;
  return {
    /** A front end's tRPC client, with a key or without one. Its access token, if any, goes under the scheme of its kind. */
    frontEnd: (key?: SenderKey, token?: string) => {
      const headers = token === undefined ? {} : { authorization: `${key ? 'DPoP' : 'Bearer'} ${token}` };
      const send = key === undefined ? fetch : provingFetch(key, fetch, now);
      const link = httpLink({
        url: `${issuer}/trpc`,
        headers,
        fetch: (url: string, init) => send(url, { ...init, signal: init?.signal ?? null }),
      });
      return createTRPCClient<AuthRouter>({ links: [link] });
    },

    /** Posts a form to the token endpoint, with proofs by the key. */
    postProving: async (key: SenderKey, form: Readonly<Record<string, string>>) => {
      const send = provingFetch(key, fetch, now);
      const response = await send(tokenEndpoint, { method: 'POST', body: new URLSearchParams(form) });
      return { status: response.status, json: parseObject(await response.text()) };
    },

    /** A proof for the token endpoint that was made and never sent. */
    unsentProof: async (key: SenderKey, nonce: string): Promise<string> => {
      const proofs: string[] = [];
      const asking = { status: 400, headers: { 'DPoP-Nonce': nonce } };
      const keep: typeof fetch = async (_, init) => {
        proofs.push(new Headers(init?.headers).get('DPoP') ?? '');
        return proofs.length === 1 ? new Response('{"error":"use_dpop_nonce"}', asking) : new Response();
      };
      await provingFetch(key, keep, now)(tokenEndpoint, { method: 'POST' });
      return proofs.at(-1) ?? '';
    },
  };
}
