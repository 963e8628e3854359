import { join } from 'node:path';
import type { AuthRouter } from '@sallyport/auth-service/contract';
import type { CatalogRouter } from '@sallyport/catalog/contract';
import { createSallyportClient, readTokenSet } from '@sallyport/client';
import type { PaymentsRouter } from '@sallyport/payments/contract';
import { SettingsError } from '@sallyport/service';
import { repositoryRoot } from '../repository.ts';
import { ask } from './ask.ts';
import { commands } from './commands.ts';
import type { CommandLine } from './read-command-line.ts';
import { sessionFile } from './session-file.ts';

/** Does what was typed, and answers what the authority answered. */
export async function runAgainstAuthority({ words, given, authority }: CommandLine): Promise<unknown> {
  const address = readAddress(authority ?? process.env['SALLYPORT_AUTHORITY'] ?? 'http://localhost:4000');
  const folder = process.env['SALLYPORT_SESSIONS'] ?? join(repositoryRoot, '.sallyport', 'sessions');
  const store = sessionFile(join(folder, `${address.host.replaceAll(/[^a-z0-9.-]/gi, '_')}.json`), readTokenSet);
  const url = address.origin;
  const client = createSallyportClient<{ auth: AuthRouter; catalog: CatalogRouter; payments: PaymentsRouter }>({
    // Only the authority is called.
    urls: { auth: url, catalog: url, payments: url },
    clientId: 'cli',
    store,
    onStepUp: () => ask('Code of your second factor: ', 'SALLYPORT_CODE', { secret: false }),
  });

  switch (words) {
    case 'sign-in': {
      const email = given.named('an e-mail address');
      const password = await ask('Password: ', 'SALLYPORT_PASSWORD', { secret: true });
      await client.signIn({ email, password });
      // A look, which asks for the second factor now rather than in the middle of something.
      await client.auth.admin.restrictions.get.query();
      return client.session();
    }
    case 'sign-out':
      await client.signOut();
      return { signedOut: true };
    case 'who-am-i':
      return (await client.session()) ?? signInFirst();
    default: {
      if ((await client.session()) === undefined) return signInFirst();
      const command = commands[words];
      if (command === undefined) throw new Error(`There is no command "${words}".`);
      return command.run(client.auth.admin, given);
    }
  }
}

function signInFirst(): never {
  throw new SettingsError('Nobody is signed in here: say "sign-in <e-mail>" first.');
}

function readAddress(text: string): URL {
  const address = URL.parse(text);
  if (address === null || !/^https?:$/.test(address.protocol))
    throw new SettingsError('The authority is an address such as http://localhost:4000.');
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(address.hostname);
  if (address.protocol === 'http:' && !isHere)
    throw new SettingsError('A password goes to another machine over https alone: give the address as https://.');
  return address;
}
