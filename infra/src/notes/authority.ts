import type { AskAuthority, FeedSource } from '@sallyport/auth';
import * as z from 'zod';

/** How this service reaches its authority. `credential` proves that it is this service, by whatever means you agreed on. */
export type AuthorityAddress = Readonly<{ url: string; credential: () => Promise<string> }>;

const answers = z.array(
  z.discriminatedUnion('active', [
    z.object({ active: z.literal(false) }),
    z.object({
      active: z.literal(true),
      authTime: z.int(),
      secondFactorAt: z.int().optional(),
      acr: z.string(),
      roles: z.array(z.string()).optional(),
      answeredAt: z.int(),
    }),
  ]),
);

/** One request for many questions. Any answer but the expected one rejects: the gates then say 503, never yes or no. */
export function askOver(address: AuthorityAddress): AskAuthority {
  return async (questions, signal) => {
    const response = await request(address, '/introspect', { method: 'POST', body: JSON.stringify(questions), signal });
    return answers.parse(await response.json());
  };
}

const position = z.int().nonnegative();
const upToSerial = z.int().nonnegative();

// A kind that is not known here is a revocation that could not be honoured: it ends the feed instead of passing for one.
const told = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('session'), session: z.string() }),
  z.object({ kind: z.literal('token'), tokenId: z.string() }),
  z.object({ kind: z.literal('subject'), subject: z.string(), upToSerial }),
  z.object({ kind: z.literal('client'), client: z.string(), upToSerial }),
  z.object({ kind: z.literal('everyone'), upToSerial }),
  z.object({ kind: z.literal('key'), keyId: z.string() }),
  z.object({ kind: z.literal('policy'), version: z.int() }),
]);

const message = z.discriminatedUnion('type', [
  z.object({ type: z.literal('resumed'), position }),
  z.object({ type: z.literal('snapshot'), page: z.int(), inForce: z.array(told), position: position.optional() }),
  z.object({ type: z.literal('event'), event: z.intersection(z.object({ position }), told) }),
  z.object({ type: z.literal('heartbeat'), position }),
]);

/**
 * Revocations, one JSON message per line: a snapshot of what is in force, then every event. It connects once; when to connect
 * again is for the follower to say. That nothing is missing is proven by questions, asked beside the stream.
 */
export function feedOver(address: AuthorityAddress): FeedSource {
  return {
    open: (_from, { onMessage, onEnd }) => {
      const closing = new AbortController();
      const { signal } = closing;

      const read = async (): Promise<void> => {
        const { body } = await request(address, '/revocations', { signal });
        let text = '';
        for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
          const lines = (text + chunk).split('\n');
          text = lines.pop() ?? '';
          for (const line of lines) onMessage(message.parse(JSON.parse(line)));
        }
      };

      const end = (error?: unknown): void => {
        if (!signal.aborted) onEnd(error);
      };
      read().then(() => end(), end);
      return () => closing.abort();
    },
    askPosition: async (signal) => {
      const response = await request(address, '/revocations/position', { signal });
      return position.parse(await response.json());
    },
  };
}

async function request({ url, credential }: AuthorityAddress, path: string, init: RequestInit): Promise<Response> {
  const headers = { authorization: `Bearer ${await credential()}`, 'content-type': 'application/json' };
  const response = await fetch(url + path, { ...init, headers, redirect: 'manual' });
  if (!response.ok) throw new Error(`the authority answered ${response.status}`);
  return response;
}
