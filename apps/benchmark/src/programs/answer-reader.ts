/** What every answer must be. */
export type ExpectedAnswer = Readonly<{ status: number; containing: string }>;

const headEnd = Buffer.from('\r\n\r\n');

/**
 * Reads HTTP/1.1 answers with `Content-Length` or in chunks from the bytes of one connection, one answer at a time. Throws at one that
 * is not the expected.
 */
export function readAnswers({ status, containing }: ExpectedAnswer, onAnswer: () => void): (chunk: Buffer) => void {
  const begin = Buffer.from(`HTTP/1.1 ${status} `);
  const content = Buffer.from(containing);
  let held: Buffer = Buffer.alloc(0);
  return (chunk) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const end = answerEnd(held);
    if (end === undefined) return;
    if (held.compare(begin, 0, begin.length, 0, begin.length) !== 0 || !held.includes(content)) {
      throw new Error(`Answered wrongly: ${held.toString('utf8', 0, 500)}`);
    }
    if (end !== held.length) throw new Error('An answer is followed by bytes that nobody asked for.');
    held = Buffer.alloc(0);
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
