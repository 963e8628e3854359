import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readAnswers } from './answer-reader.ts';

const good = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"id":7}';
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"id\r\n4\r\n":7}\r\n0\r\n\r\n';

function open(containing = '"id":7') {
  let answers = 0;
  const read = readAnswers({ status: 200, containing }, () => (answers += 1));
  // As the load has it: what comes next overwrites what came before.
  const received = Buffer.alloc(1024);
  return { read: (text: string) => read(received.subarray(0, received.write(text))), answers: () => answers };
}

test('an answer counts once, however its bytes arrive', () => {
  const cuts = fc.array(fc.nat(good.length), { maxLength: 5 });
  fc.assert(
    fc.property(cuts, (at) => {
      const { read, answers } = open();
      const ends = [0, ...at.toSorted((a, b) => a - b), good.length];
      ends.slice(1).forEach((end, index) => read(good.slice(ends[index], end)));
      expect(answers()).toBe(1);
    }),
  );
});

test('an answer in chunks ends with the last of them', () => {
  const { read, answers } = open('');
  read(chunked.slice(0, -3));
  expect(answers()).toBe(0);
  read(chunked.slice(-3));
  expect(answers()).toBe(1);
});

test.each([
  ['another status', good.replace('200 OK', '503 No'), 'Answered wrongly'],
  ['another body', good.replace('7', '8'), 'Answered wrongly'],
  ['more than one answer', good + good, 'nobody asked for'],
  ['no length', 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}', 'without a length'],
])('%s is no answer', (_, bytes, problem) => {
  expect(() => open().read(bytes)).toThrow(problem);
});
