/** Of a program that gave up: what it called its error, else its last line. Its log lines, which are JSON, do not count. */
export function lastWords(lines: readonly string[]): string {
  const spoken = lines.filter((line) => line.trim() !== '' && !line.startsWith('{'));
  return spoken.findLast((line) => /FATAL|error:|^\w*Error\b/.test(line)) ?? spoken.at(-1) ?? 'it said nothing.';
}
