import { explainDatabaseFailure } from '@sallyport/db';
import { UnopenableSecret } from './keys/sealed-secret.ts';

/** What kept the authority, or a command of its, from starting, in a sentence that says what to do. */
export function explainStartFailure(error: unknown): string | undefined {
  return error instanceof UnopenableSecret
    ? 'KEY_ENCRYPTION_KEY is not the key that this database was sealed with. Set the former one.'
    : explainDatabaseFailure(error);
}
