/** What every answer must be. */
export type ExpectedAnswer = Readonly<{ status: number; containing: string }>;

const headEnd = Buffer.from('\r\n\r\n');
const nothing = Buffer.alloc(0);

/**
 * Reads HTTP/1.1 answers with `Content-Length` or in chunks from the bytes of one connection, one answer at a time. Throws at one that
 * is not the expected. A chunk may be overwritten as soon as it was read.
 */
export function readAnswers({ status, containing }: ExpectedAnswer, onAnswer: () => void): (chunk: Buffer) => void {
  const begin = Buffer.from(`HTTP/1.1 ${status} `);
  const content = Buffer.from(containing);
  let held: Buffer = nothing;
  return (chunk) => {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const end = answerEnd(bytes);
    held = end === undefined ? Buffer.from(bytes) : nothing;
    if (end === undefined) return;
    if (bytes.compare(begin, 0, begin.length, 0, begin.length) !== 0 || !bytes.includes(content)) {
      throw new Error(`Answered wrongly: ${bytes.toString('utf8', 0, 500)}`);
    }
    if (end !== bytes.length) throw new Error('An answer is followed by bytes that nobody asked for.');
    onAnswer();
  };
}

/** Where the first answer ends; `undefined` while some of it is missing. */
function answerEnd(bytes: Buffer): number | undefined {
  const head = bytes.indexOf(headEnd);
  if (head === -1) return undefined;
  const headers = bytes.toString('latin1', 0, head + 2);
  const [, length] = /\r\ncontent-length: *(\d+)\r\n/i.exec(headers) ?? [];
  const bodyStart = head + headEnd.length;
  if (length !== undefined) return bytes.length >= bodyStart + Number(length) ? bodyStart + Number(length) : undefined;
  if (!/\r\ntransfer-encoding: *chunked\r\n/i.test(headers)) throw new Error(`An answer without a length: ${headers}`);
  // Good enough for bodies that do not hold this sequence themselves: JSON does not.
  const last = bytes.indexOf('\r\n0\r\n\r\n', bodyStart, 'latin1');
  return last === -1 ? undefined : last + 7;
}
