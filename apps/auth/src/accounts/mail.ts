/** What somebody is told by mail. The words are made in `mail-texts.ts`; a port that has its own needs only kind and token. */
export type Mail = Readonly<{
  to: string;
  kind: 'e-mail verification' | 'password reset' | 'password changed' | 'sign-in changed' | 'account exists';
  /** What the mail is for, where somebody can act on it: good once, and a secret. */
  token?: string;
  subject: string;
  text: string;
}>;

/** The port to whatever sends mail here. Resolves when the mail is somebody else's to deliver. */
export type SendMail = (mail: Mail) => Promise<void>;

/** Work that the answer does not wait for, so that its time tells nobody whether there was any. */
export type Later = Readonly<{
  /** Failures are logged under `what`. */
  run: (what: string, work: () => Promise<void>) => void;
  /** Resolves when everything that was begun is done. */
  settled: () => Promise<void>;
}>;

export type LaterOptions = Readonly<{ onError: (what: string, error: unknown) => void; maxWaiting?: number }>;

/** One piece after the other. More than `maxWaiting` at a time are not begun, and reported: nobody is owed a mail. */
export function openLater({ onError, maxWaiting = 1000 }: LaterOptions): Later {
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();
  return {
    run(what, work) {
      if (waiting >= maxWaiting) return onError(what, new Error('too much is waiting already'));
      waiting += 1;
      last = last
        .then(() => answersFirst())
        .then(work)
        .catch((error: unknown) => onError(what, error))
        .finally(() => (waiting -= 1));
    },
    settled: () => last,
  };
}

/** The answer that began it has left by then. */
function answersFirst(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
