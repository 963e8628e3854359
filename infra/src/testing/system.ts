import { testServerVariable, throwAwayDatabase } from '@sallyport/db/testing';
import { startTemporarySystem, type TemporarySystem, type TemporarySystemOptions } from '../temporary-system.ts';
import { databaseText } from './database-text.ts';
import { openSecretWatch, type Finding, type SecretWatch } from './secret-watch.ts';

export type TestSystem = TemporarySystem &
  Readonly<{
    watch: SecretWatch;
    /** Secrets of this system that stand in its logs, its tables, or what it refused with. */
    secretsFound: () => Promise<readonly Finding[]>;
  }>;

/**
 * A system of a suite's own, on a database of its own that goes when the system is closed. Every secret that a test sends or is given is
 * remembered, and looked for when the system is closed: a suite in which one stands where it must not has failed.
 */
export async function startTestSystem(options: TemporarySystemOptions = {}): Promise<TestSystem> {
  const database = await throwAwayDatabase();
  const system = await startTemporarySystem(database.url, options);
  const watch = openSecretWatch();
  const { fetch: plainFetch } = globalThis;
  globalThis.fetch = watch.watching(plainFetch);
  learnSystemSecrets(watch, system);
  const secretsFound = async () => {
    const lines = system.log.lines.map(({ service, text }) => ({
      name: `log of ${service}: ${text.slice(0, 80)}`,
      text,
    }));
    return watch.findings([...lines, ...(await databaseText(database.url))]);
  };
  return {
    ...system,
    watch,
    secretsFound,
    close: async () => {
      globalThis.fetch = plainFetch;
      await system.close();
      const found = await secretsFound();
      await database.drop();
      if (found.length > 0) throw new Error(`Secrets stand where none may: ${JSON.stringify(found.slice(0, 5))}`);
    },
  };
}

function learnSystemSecrets(watch: SecretWatch, { secrets }: TemporarySystem): void {
  watch.learn('key encryption key', secrets.keyEncryptionKey);
  for (const [name, { d }] of Object.entries(secrets.clientKeys)) watch.learn(`key of ${name}`, d);
  watch.learn('database password', new URL(process.env[testServerVariable] ?? '').password);
}
