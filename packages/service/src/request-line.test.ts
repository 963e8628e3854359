import fc from 'fast-check';
import { expect, test } from 'vitest';
import { recordedLog } from './example-service.ts';
import { shownText } from './redaction.ts';
import { requestMembers, type RequestLine } from './request-line.ts';

const secrets = [
  'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJ1X2FkYSJ9.c2lnbmF0dXJl',
  'q3k8Zr0l-yPq2v7WmUuJ9x4C_t5B1nD6fGhKsLaE0oI',
  'postgres://admin:hunter2@db/x',
];
const controls = ['\r\n{"level":"info"}', '\u001b[2J', '\u2028', '\u0085', '\u202e', '"', '\\', '\ud800'];

/** What callers send: plain, with secrets in it, and with what a terminal or a reader of lines obeys. */
const text = fc
  .array(fc.oneof(fc.constantFrom(...secrets, ...controls, '/trpc/hello', ',', 'GET'), fc.string({ unit: 'binary' })), {
    maxLength: 4,
  })
  .map((parts) => parts.join(''));
const line: fc.Arbitrary<RequestLine> = fc.record({
  method: text,
  path: text,
  status: fc.integer({ min: 100, max: 599 }),
  ms: fc.integer({ min: 0, max: 10_000_000 }).map((tenths) => tenths / 10),
  trace: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: 32, maxLength: 32 }),
  client: text,
  refused: fc.array(text, { maxLength: 2 }),
  isCut: fc.boolean(),
});

const withoutTime = (written: string | undefined) => written?.replace(/"time":"[^"]*",/, '');

test('a request’s line is, byte for byte, what it would be by the way of all other lines: redacted, and one line', () => {
  const { log, lines } = recordedLog();
  fc.assert(
    fc.property(line, (told) => {
      const { refused, isCut, ...asked } = told;
      log.info(
        { ...asked, ...(refused.length > 0 && { refused: [...new Set(refused)] }), ...(isCut && { cut: true }) },
        'request',
      );
      // Twice: the second time, texts may be remembered.
      for (let time = 0; time < 2; time += 1) log.writeMembers('info', requestMembers(told), 'request');
      const [byPino, first, second] = lines.splice(0).map(withoutTime);
      expect([first, second]).toEqual([byPino, byPino]);
    }),
    { numRuns: 1000 },
  );
});

test('texts that never come again are forgotten, and what came before is shown as ever', () => {
  const paths = Array.from({ length: 5000 }, (_, index) => `/trpc/${index}`);
  expect(paths.map(shownText)).toEqual(paths.map((path) => JSON.stringify(path)));
  for (const secret of secrets) expect([shownText(secret), shownText(secret)].join('')).not.toMatch(/eyJ|q3k8|hunter2/);
  expect(shownText('/trpc/0')).toBe('"/trpc/0"');
});

test('a line below the level of the log is not written', () => {
  const { log, lines } = recordedLog();
  log.level = 'info';
  log.writeMembers('debug', '', 'request');
  log.writeMembers('info', '', 'request');
  expect(lines).toHaveLength(1);
});
