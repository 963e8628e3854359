import { demoPassword, grace } from '@sallyport/infra/demo-users';
import { openDevice } from '@sallyport/infra/device';
import type { Run } from './figure.ts';
import { processListeningAt } from './processor-use.ts';
import { startProductionSystem, startSilentSystem } from './production-system.ts';

/** Catalog alone on its processor, as it runs in production, with its authority and PostgreSQL on the others. */
export type MeasuredCatalog = Readonly<{
  url: string;
  pid: number | undefined;
  issuer: string;
  /** Access tokens for catalog, each of a session that has just begun. */
  signIn: (sessions: number) => Promise<readonly string[]>;
  close: () => Promise<void>;
}>;

/** To be asked of `Run.shared`: figures about reads stand behind each other. */
export function measuredCatalog(run: Run): Promise<MeasuredCatalog> {
  return startCatalog(run, startProductionSystem);
}

/** Without log, metrics and traces. */
export function silentCatalog(run: Run): Promise<MeasuredCatalog> {
  return startCatalog(run, startSilentSystem);
}

async function startCatalog(run: Run, startSystem: typeof startProductionSystem): Promise<MeasuredCatalog> {
  const { measuredService, restService } = run.pinning;
  const system = await startSystem(run, {
    services: ['auth', 'catalog'],
    launchers: { catalog: measuredService, auth: restService },
    programs: { catalog: 'src/measured/main.ts' },
  });
  const { urls } = system;
  return {
    url: urls.catalog,
    pid: processListeningAt(urls.catalog),
    issuer: urls.auth,
    signIn: async (sessions) => {
      const tokens: string[] = [];
      for (let session = 0; session < sessions; session += 1) {
        const device = openDevice(urls);
        await device.client.signIn({ email: grace.email, password: demoPassword });
        tokens.push((await device.tokens()).accessTokens['catalog']?.token ?? '');
      }
      return tokens;
    },
    close: system.close,
  };
}
