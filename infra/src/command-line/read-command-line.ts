import { parseArgs } from 'node:util';
import { SettingsError } from '@sallyport/service';
import { commands, type Given } from './commands.ts';

/** The commands that have to do with the session itself. */
const own = {
  'sign-in': { takes: '<e-mail>', says: 'asks for the password and a second factor; good for a day' },
  'sign-out': { takes: '', says: 'ends the session, and forgets it' },
  'who-am-i': { takes: '', says: 'who is signed in here' },
} as const;

export type CommandLine = Readonly<{ words: string; given: Given; json: boolean; authority: string | undefined }>;

const text = { type: 'string' } as const;
const boolean = { type: 'boolean', default: false } as const;
const options = {
  because: text,
  email: text,
  at: text,
  roles: text,
  client: text,
  subject: text,
  'access-tokens': text,
  sessions: text,
  authority: text,
  now: boolean,
  json: boolean,
  help: boolean,
} as const;

/** @throws Error in a sentence for whoever typed it */
export function readCommandLine(typed: readonly string[]): CommandLine | 'help' {
  const { values, positionals } = parseArgs({ args: [...typed], options, allowPositionals: true });
  if (values.help || positionals.length === 0) return 'help';
  const words = wordsIn(positionals);
  const [argument, second] = positionals.slice(words.split(' ').length);
  if (second !== undefined) throw new Error(`There is something too much: ${words} takes one argument.`);
  const must = (name: string, value: string | undefined): string => {
    if (value === undefined || value.trim() === '') throw new SettingsError(`${words} needs ${name}.`);
    return value;
  };
  const given: Given = {
    named: (what) => must(what, argument),
    option: (name) => values[name],
    must: (name) => (name === 'roles' ? (values.roles ?? must('--roles', undefined)) : must(`--${name}`, values[name])),
    flag: (name) => values[name],
  };
  return { words, given, json: values.json, authority: values.authority };
}

function wordsIn([first = '', second = '']: readonly string[]): string {
  if (first in own) return first;
  const words = `${first} ${second}`;
  if (words in commands) return words;
  throw new Error(`There is no command "${words.trim()}". Say --help for those there are.`);
}

export function helpText(): string {
  const lines = Object.entries({ ...own, ...commands }).map(
    ([words, { takes, says }]) => `  ${`${words} ${takes}`.trim()}\n      ${says}`,
  );
  return `Runs the house: people, sessions, clients, rules, keys, and the levers for a bad day.

  npx pnpm sallyport <command> [--json] [--authority <address>]

${lines.join('\n')}

  --because    for whoever reads the audit log later
  --authority  where the authority is (or SALLYPORT_AUTHORITY); default http://localhost:4000
  --json       the answer as one line of JSON
  --help       this text

What you may is a matter of your roles at the audience admin: an operator looks and ends, an administrator gives as well.
Where nobody sits at a terminal, SALLYPORT_PASSWORD and SALLYPORT_CODE answer instead. The session is kept in
.sallyport/sessions, readable by you alone. Runbooks are in docs/runbooks.
Exit code: 0 done, 1 refused or failed, 2 something to put right in what was typed or set.`;
}
