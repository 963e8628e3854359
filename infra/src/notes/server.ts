import { openRequest, type Gates } from '@sallyport/auth';
import { gravestDenial } from '@sallyport/auth/trpc';
import { createHTTPServer } from '@trpc/server/adapters/standalone';
import type { Notes } from './notes.ts';
import { sealed } from './router.ts';

/** tRPC's own adapter. Origins, body size and TLS are yours, as without this package. */
export function createNotesServer(gates: Gates, notes: Notes) {
  return createHTTPServer({
    router: sealed.router,
    maxBatchSize: 10,
    // Once per HTTP request, however many calls it carries: the strictest of their tiers decides for all.
    createContext: ({ req, res, info }) => {
      const gone = new AbortController();
      res.once('close', () => gone.abort());
      const tiers = info.calls.map(({ path }) => sealed.tiers.get(path) ?? 'publicRead');
      const headers = (name: string) => req.headersDistinct[name.toLowerCase()] ?? [];
      return { request: openRequest({ gates, headers, tiers, signal: gone.signal }), notes };
    },
    // tRPC sets the status. The header that says what would help is ours to set (RFC 6750 §3, RFC 9470 §3).
    responseMeta: ({ errors }) => {
      const challenge = gravestDenial(errors)?.wwwAuthenticate;
      return challenge === undefined ? {} : { headers: new Headers({ 'WWW-Authenticate': challenge }) };
    },
  });
}
