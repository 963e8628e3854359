import type { ProcedureAccess, SealedRouter } from '@sallyport/auth/trpc';
import { z } from 'zod';

export type Procedure = ProcedureAccess &
  Readonly<{
    path: string;
    type: 'query' | 'mutation' | 'subscription';
    takesInput: boolean;
    /** Names of the members of its input, of whichever alternative. */
    inputMembers: readonly string[];
    /** Whether a member by another name would be taken, if only to be ignored. */
    takesUnknown: boolean;
  }>;

const definition = z.object({
  type: z.enum(['query', 'mutation', 'subscription']),
  inputs: z.array(z.instanceof(z.ZodType)),
});

/** Every procedure of a router with what its gate asks, for tests that must not miss the one that is added next. */
export function proceduresOf({ router, access }: SealedRouter): readonly Procedure[] {
  const procedures: Readonly<Record<string, { _def: unknown }>> = router._def.procedures;
  return [...access].map(([path, asked]) => {
    const { type, inputs } = definition.parse(procedures[path]?._def);
    const objects = inputs.flatMap((input) =>
      objectsOf(z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' })),
    );
    return {
      ...asked,
      path,
      type,
      takesInput: inputs.length > 0,
      inputMembers: objects.flatMap(({ properties = {} }) => Object.keys(properties)),
      takesUnknown: objects.some(({ additionalProperties }) => additionalProperties !== false),
    };
  });
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The alternatives that an input may be. An input that is no object has no names to be misused. */
function objectsOf(schema: JsonSchema): readonly JsonSchema[] {
  const { type, anyOf = [], oneOf = [], allOf = [] } = schema;
  return type === 'object' ? [schema] : [...anyOf, ...oneOf, ...allOf].flatMap(objectsOf);
}

const errorBody = z.object({
  error: z.object({
    data: z.object({ httpStatus: z.int(), reason: z.string() }),
  }),
});

export type Sent = Readonly<{ token?: string; input?: unknown; headers?: Readonly<Record<string, string>> }>;

export type Answered = Readonly<{
  status: number;
  /** Of a refusal. */
  reason: string | undefined;
  challenge: string | undefined;
  /** Whether the answer was a stream: its headers were out before the gate had looked, so there is no challenge in them. */
  isStream: boolean;
}>;

/** Calls a procedure with what a caller brings, and with an `Idempotency-Key`, which some tiers want first. */
export async function callProcedure(url: string, { path, type }: Procedure, sent: Sent): Promise<Answered> {
  const query = sent.input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(sent.input))}`;
  const isMutation = type === 'mutation';
  const response = await fetch(`${url}/trpc/${path}${isMutation ? '' : query}`, {
    method: isMutation ? 'POST' : 'GET',
    headers: {
      'idempotency-key': crypto.randomUUID(),
      ...(isMutation && { 'content-type': 'application/json' }),
      ...(sent.token !== undefined && { authorization: `Bearer ${sent.token}` }),
      ...sent.headers,
    },
    ...(isMutation && { body: JSON.stringify(sent.input ?? {}) }),
  });
  return answerOf(response);
}

async function answerOf(response: Response): Promise<Answered> {
  const isStream = response.headers.get('content-type') === 'text/event-stream';
  const { error } = errorBody.safeParse(isStream ? await refusalInStream(response) : await response.json()).data ?? {};
  return {
    status: error?.data.httpStatus ?? response.status,
    reason: error?.data.reason,
    challenge: response.headers.get('www-authenticate') ?? undefined,
    isStream,
  };
}

/** tRPC answers a subscription 200 before the gate has looked, and tells a refusal as its first event. */
async function refusalInStream({ body }: Response): Promise<unknown> {
  const decoder = new TextDecoder();
  let text = '';
  const chunks: AsyncIterable<Uint8Array> | null = body;
  for await (const chunk of chunks ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const [, event, data] =
      /^(?:event: (\S+)\n)?data: (.*)\n/m.exec(text.replace('event: connected\ndata: {}\n', '')) ?? [];
    if (data !== undefined) return event === 'serialized-error' ? { error: JSON.parse(data) } : {};
  }
  return {};
}

/** Names that a caller could try to be somebody else by. */
export const identityFields = [
  'subject',
  'sub',
  'user',
  'userId',
  'owner',
  'actor',
  'principal',
  'onBehalfOf',
] as const;

/** An input that says, in every way, that somebody else is acting. */
export function inputOf(subject: string): Readonly<Record<string, string>> {
  return Object.fromEntries(identityFields.map((name) => [name, subject]));
}

/**
 * Sends a mutation as a page of another site can: with its user's credential attached by whatever means, in each of the forms that
 * need no preflight, and as an address to be followed. Answers the statuses.
 */
export async function sendFromAnotherSite(url: string, { path }: Procedure, token: string): Promise<readonly number[]> {
  const contentTypes = [
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=b',
    'text/plain',
    undefined,
  ];
  const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', authorization: `Bearer ${token}` };
  const posts = contentTypes.map((contentType) => ({
    method: 'POST',
    // Bytes, so that fetch adds no content type of its own.
    body: Buffer.from('{}'),
    headers: { ...headers, ...(contentType !== undefined && { 'content-type': contentType }) },
  }));
  const requests: readonly RequestInit[] = [...posts, { method: 'GET', headers }, { method: 'HEAD', headers }];
  const responses = await Promise.all(requests.map((init) => fetch(`${url}/trpc/${path}`, init)));
  for (const response of responses) {
    await response.arrayBuffer();
    if (response.headers.has('set-cookie'))
      throw new Error(`${path} sets a cookie, which other sites could send along.`);
  }
  return responses.map(({ status }) => status);
}
