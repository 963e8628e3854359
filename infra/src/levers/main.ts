import { demoPassword, grace } from '../demo-users.ts';
import { stopAllGuarded } from '../guarded-process.ts';
import { describeFailure } from '../operator-error.ts';
import { startTemporaryPostgres } from '../postgres/server.ts';
import { startTemporarySystem } from '../temporary-system.ts';
import { openAdministrator } from './administrator.ts';
import { levers, measureLever, stealToken } from './levers.ts';

// `pnpm levers`: how long each lever takes, on a system of its own. The runbooks quote what it prints.
try {
  const postgres = await startTemporaryPostgres();
  const system = await startTemporarySystem(postgres.url);
  const { urls } = system;
  const admin = await openAdministrator(urls);
  for (const [name, lever] of Object.entries(levers)) {
    const stolen = await stealToken(urls, { email: grace.email, password: demoPassword });
    const pull = { admin, stolen, urls };
    await stolen.read();
    console.log(`${name.padEnd(24)} ${Math.round(await measureLever(lever, pull))} ms`);
    await lever.release?.(pull);
  }
  await system.close();
  await postgres.stop();
} catch (error) {
  console.error(`✗ ${describeFailure(error)}`);
  process.exitCode = 1;
} finally {
  await stopAllGuarded();
}
