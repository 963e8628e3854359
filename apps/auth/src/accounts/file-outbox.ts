import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '@sallyport/service';
import { randomId } from '../identifiers.ts';
import type { SendMail } from './mail.ts';

/**
 * For development: each mail becomes a file of `folder` that only this user reads, named by time and kind, and a line in the
 * log that names the file. The token stands in the file alone.
 */
export function fileOutbox(folder: string, log: Log): SendMail {
  return async (mail) => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const time = new Date().toISOString().replaceAll(/[:.]/g, '-');
    const name = `${time}-${mail.kind.replaceAll(' ', '-')}-${randomId().slice(0, 6)}.json`;
    await writeFile(join(folder, name), `${JSON.stringify(mail, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
    log.info({ kind: mail.kind, file: name }, 'mail');
  };
}

/** Where nothing sends mail: the log says that somebody waits for one. */
export function noMail(log: Log): SendMail {
  return async ({ kind }) =>
    log.error({ kind }, 'a mail was not sent: MAIL_OUTBOX is not set, and no other port is there');
}
