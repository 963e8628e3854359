/**
 * Reads a response's body whole, counted after decompression. Rejects as soon as there are more than `maxBytes`, and lets go
 * of the connection then. `what` begins the error's sentence.
 */
export async function readLimitedBody(response: Response, what: string, maxBytes: number): Promise<Uint8Array> {
  const body: AsyncIterable<Uint8Array> | null = response.body;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`${what} is over ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
