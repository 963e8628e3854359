import { createLog } from '@sallyport/service';
import { openAuthority, type OpenedAuthority } from '../open-authority.ts';
import type { RunningAuthority } from './running-authority.ts';

/** Another process's authority on the same database, as far as one process can have it: nothing in memory is the same. */
export function openSecondInstance({ issuer, preparation, now }: RunningAuthority): Promise<OpenedAuthority> {
  const { databaseUrl, keyEncryptionKey } = preparation;
  const log = createLog('auth', 'silent');
  return openAuthority({ issuer, databaseUrl, keyEncryptionKey, log, now, throttleFactor: 10_000 });
}
