import { parseArgs } from 'node:util';
import { createPool, openDatabase, runtimeRole } from '@sallyport/db';
import { readArguments, readEnvironment, runCommand } from '@sallyport/service';
import { eq } from 'drizzle-orm';
import { schema, type AuthDatabase } from './database.ts';
import { authSettings } from './environment.ts';
import { openKeyRing } from './keys/key-ring.ts';
import { openSealer } from './keys/sealed-secret.ts';
import { accounts } from './schema.ts';
import { email } from './sign-in/accounts.ts';
import { changeRoles, readRoleNames, type ChangedRoles } from './sign-in/roles.ts';
import { explainStartFailure } from './start-failure.ts';

const help = `Says what somebody is at a service, and ends their sessions: they sign in again with the new roles.

  npx pnpm --filter @sallyport/auth-service change-roles <e-mail> --at <audience> --roles <role,role> --because <why> [--json]

The roles named are all that they hold there from then on; --roles '' takes every one. A change that changes nothing ends
nothing.

  --at       the audience, e.g. catalog
  --roles    separated by commas, at most 16
  --because  for whoever looks at it later; required
  --json     one JSON object instead of a sentence
  --help     this text

Environment: DATABASE_URL, ISSUER, KEY_ENCRYPTION_KEY (the tokens with these roles must fit their budget).
Exit code: 0 done, 1 there is no such account or it failed, 2 a bad setting or option.`;

type Options = Readonly<{
  address: string;
  audience: string;
  roles: readonly string[];
  because: string;
  json: boolean;
}>;

function readOptions(): Options | undefined {
  return readArguments(() => {
    const text = { type: 'string' } as const;
    const flag = { type: 'boolean', default: false } as const;
    const options = { at: text, roles: text, because: text, json: flag, help: flag };
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (values.help) return undefined;
    const address = email.safeParse(positionals[0]);
    if (!address.success || positionals.length !== 1) throw new Error('Name one e-mail address.');
    const { at: audience, roles, because = '', json } = values;
    if (audience === undefined || roles === undefined) throw new Error('Say --at which audience, and --roles.');
    if (because.trim() === '') throw new Error('Say --because, for whoever looks at it later.');
    return { address: address.data, audience, roles: readRoleNames(roles), because, json };
  });
}

async function change({ address, ...options }: Options): Promise<ChangedRoles | undefined> {
  const { DATABASE_URL, ISSUER, KEY_ENCRYPTION_KEY } = authSettings;
  const settings = readEnvironment({ DATABASE_URL, ISSUER, KEY_ENCRYPTION_KEY });
  const pool = createPool({ url: settings.DATABASE_URL, schema: 'auth', role: runtimeRole('auth'), max: 2 });
  const database = openDatabase(pool, schema);
  const now = Date.now;
  try {
    const keys = await openKeyRing({ database, sealer: openSealer(settings.KEY_ENCRYPTION_KEY), now }, () => {});
    keys.close();
    const subject = await subjectOf(database, address);
    if (subject === undefined) return undefined;
    return await changeRoles(
      { issuer: settings.ISSUER, keys, database, now },
      { subject, actor: 'command:change-roles', ...options },
    );
  } finally {
    await pool.end();
  }
}

async function subjectOf(database: AuthDatabase, address: string): Promise<string | undefined> {
  const [account] = await database
    .select({ subject: accounts.subject })
    .from(accounts)
    .where(eq(accounts.email, address));
  return account?.subject;
}

function describe(changed: ChangedRoles | undefined, { address, audience, json }: Options): string {
  if (changed === undefined) return json ? JSON.stringify({ found: false }) : `There is no account ${address}.`;
  if (json) return JSON.stringify({ found: true, audience, ...changed });
  const said = (roles: readonly string[]): string => (roles.length === 0 ? 'nothing' : roles.join(', '));
  return `${address} was ${said(changed.before)} at ${audience}, and is ${said(changed.after)} now.`;
}

await runCommand({
  name: 'change-roles',
  explain: explainStartFailure,
  run: async () => {
    const options = readOptions();
    if (options === undefined) return help;
    const changed = await change(options);
    if (changed === undefined) process.exitCode = 1;
    return describe(changed, options);
  },
});
