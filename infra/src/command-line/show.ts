/** An answer for people: a list as one line each, anything else as a line for each member. */
export function show(answer: unknown): string {
  const [only, second] = Object.values(isObject(answer) ? answer : {});
  if (Array.isArray(only) && second === undefined)
    return only.length === 0 ? 'There is none.' : only.map(showRow).join('\n');
  return isObject(answer) ? showMembers(answer) : String(answer);
}

function showMembers(value: Readonly<Record<string, unknown>>): string {
  return Object.entries(value)
    .filter(([name, member]) => member !== undefined && name !== 'consistencyToken')
    .map(
      ([name, member]) =>
        `${name}: ${Array.isArray(member) && isObject(member[0]) ? `\n  ${member.map(showRow).join('\n  ')}` : write(member, name)}`,
    )
    .join('\n');
}

function showRow(row: unknown): string {
  if (!isObject(row)) return write(row, '');
  return Object.entries(row)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name} ${write(value, name)}`)
    .join('  ');
}

const moment = /(?:At|From|lastUsed|authTime)$/;

function write(value: unknown, name: string): string {
  if (typeof value === 'number' && moment.test(name)) return new Date(value * 1000).toISOString();
  if (typeof value === 'string') return value;
  return JSON.stringify(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
