import { liveWithinMs, remoteKeys, type Decision, type ForeignIssuer } from '@sallyport/auth';
import { askOver, feedOver } from './authority.ts';
import { createNotes } from './notes.ts';
import { createNotesServer } from './server.ts';
import { openTrust } from './trust.ts';

export type Settings = Readonly<{
  issuer: string;
  credential: () => Promise<string>;
  port: number;
  others?: readonly ForeignIssuer[];
  /** One call per decision, for your log and your metrics. Holds no token. */
  onDecision: (decision: Decision) => void;
}>;

/** The whole service. The issuer and where its keys are come from settings, and never from a token. */
export async function runNotes({ issuer, credential, port, others = [], onDecision }: Settings) {
  const authority = { url: issuer, credential };
  const keys = remoteKeys({ url: `${issuer}/jwks`, onLoadFailed: console.error });
  const { gates, revocations } = openTrust({
    issuer,
    keys,
    ask: askOver(authority),
    feed: feedOver(authority),
    others,
    onDecision,
  });
  const server = createNotesServer(gates, createNotes());
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    server,
    /** Not a reason to restart: a pod that is not ready gets no requests until it is. */
    isReady: (): boolean => keys.usable() && revocations.silenceMs() <= liveWithinMs,
    stop: (): void => {
      server.close();
      gates.close();
      revocations.close();
      keys.close();
    },
  };
}
