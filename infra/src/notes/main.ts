import { remoteKeys, type Decision } from '@sallyport/auth';
import { askOver, feedOver } from './authority.ts';
import { createNotes } from './notes.ts';
import { createNotesServer } from './server.ts';
import { openTrust } from './trust.ts';

export type Settings = Readonly<{
  issuer: string;
  credential: () => Promise<string>;
  port: number;
  /** One call per decision, for your log and your metrics. Holds no token. */
  onDecision: (decision: Decision) => void;
}>;

/** The whole service. The issuer and where its keys are come from settings, and never from a token. */
export async function runNotes({ issuer, credential, port, onDecision }: Settings) {
  const authority = { url: issuer, credential };
  const keys = remoteKeys({ url: `${issuer}/jwks`, onLoadFailed: console.error });
  const { gates, close } = openTrust({
    issuer,
    keys,
    ask: askOver(authority),
    feed: feedOver(authority),
    onDecision,
  });
  const server = createNotesServer(gates, createNotes());
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    server,
    stop: (): void => {
      server.close();
      close();
      keys.close();
    },
  };
}
