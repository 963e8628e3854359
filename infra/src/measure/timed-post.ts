import { openCaller } from '../one-caller.ts';

export type Prepared = Readonly<{
  path: string;
  body: string;
  type: 'application/json' | 'application/x-www-form-urlencoded';
}>;

/** What came back, without what differs in every answer: date and trace. */
export type Timed = Readonly<{ ms: number; status: number; body: string }>;

export type TimedPost = Readonly<{ post: (prepared: Prepared) => Promise<Timed>; close: () => void }>;

/** Posts one request after the other over one connection, and times each from its first byte out to its last byte in. */
export function openTimedPost(origin: string): TimedPost {
  const caller = openCaller(origin);
  const post = async ({ path, body, type }: Prepared): Promise<Timed> => {
    const startedAtMs = performance.now();
    const answer = await caller.post(path, body, { 'content-type': type });
    return { ms: performance.now() - startedAtMs, ...answer };
  };
  return { post, close: caller.close };
}
