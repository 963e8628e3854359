import { isDeepStrictEqual } from 'node:util';
import { inTransaction } from '@sallyport/db';
import { and, eq, ne } from 'drizzle-orm';
import * as z from 'zod';
import type { AuditAction } from '../audit/audit-actions.ts';
import { recordAudit, type Reason } from '../audit/record-audit.ts';
import type { Authority } from '../authority.ts';
import { transactionLimits, type AuthQueries } from '../database.ts';
import { cutOffIn } from '../revocation/cut-off.ts';
import { lastPosition } from '../revocation/revocation-outbox.ts';
import { accounts, clients } from '../schema.ts';
import type { Ending } from '../sign-in/sessions.ts';
import { assertTokensFit } from '../tokens/access-token.ts';
import { clientRegistration, type ClientChanges, type ClientRegistration } from './client-registration.ts';
import type { Client } from './clients.ts';
import { takesAway } from './rights-taken.ts';

export type ClientOutcome =
  /** `position`: the feed's after it. `endedUpTo`: the serial up to which its sessions and tokens ended, when any did. */
  | Readonly<{ outcome: 'done'; changed: boolean; client: Client; position: number; endedUpTo?: number }>
  | Readonly<{ outcome: 'refused'; reason: 'client_exists' | 'no_such_client' | 'audience_taken' | 'is_a_subject' }>
  /** What the change would leave is no client. `problem` is a sentence for whoever asked for it. */
  | Readonly<{ outcome: 'refused'; reason: 'not_a_client'; problem: string }>;

/**
 * Registers a client. Refuses one whose id or audience is taken, and one that is called like a person (RFC 9700 §4.15.1).
 * Checked before: the form (`clientRegistration`).
 * @throws SettingsError when a token of a person who signs in through it would be over its budget
 */
export async function registerClient(
  authority: Authority,
  registration: ClientRegistration,
  reason: Reason,
): Promise<ClientOutcome> {
  await assertItsTokensFit(authority, registration);
  return inTransaction(authority.database, transactionLimits, (transaction) =>
    registerClientIn(transaction, registration, { ...reason, at: new Date(authority.now()) }),
  );
}

/** The same in a transaction. Not checked: the budget of its tokens, which the authority checks when it starts. */
export async function registerClientIn(
  transaction: AuthQueries,
  registration: ClientRegistration,
  change: Ending,
): Promise<ClientOutcome> {
  const { clientId, audience } = registration;
  const [subject] = await transaction.select().from(accounts).where(eq(accounts.subject, clientId));
  if (subject !== undefined) return { outcome: 'refused', reason: 'is_a_subject' };
  if (await isTaken(transaction, clientId, audience)) return { outcome: 'refused', reason: 'audience_taken' };
  const [client] = await transaction
    .insert(clients)
    .values(registration)
    .onConflictDoNothing({ target: clients.clientId })
    .returning();
  if (client === undefined) return { outcome: 'refused', reason: 'client_exists' };
  return recorded(transaction, 'client.registered', {
    change,
    done: { outcome: 'done', changed: true, client, position: await lastPosition(transaction) },
  });
}

/**
 * Changes what a client may do. A change that takes something away ends every session that was begun through it, and every token of
 * its own, in the same transaction; one that only adds ends nothing.
 * @throws SettingsError when a token of a person who signs in through it would be over its budget
 */
export async function updateClient(
  authority: Authority,
  { clientId, changes }: Readonly<{ clientId: string; changes: ClientChanges }>,
  reason: Reason,
): Promise<ClientOutcome> {
  if (changes.userScopes !== undefined)
    await assertItsTokensFit(authority, { clientId, userScopes: changes.userScopes });
  return inTransaction(authority.database, transactionLimits, (transaction) =>
    updateClientIn(transaction, { clientId, changes }, { ...reason, at: new Date(authority.now()) }),
  );
}

/** The same in a transaction. Not checked: the budget of its tokens. */
export async function updateClientIn(
  transaction: AuthQueries,
  { clientId, changes }: Readonly<{ clientId: string; changes: ClientChanges }>,
  change: Ending,
): Promise<ClientOutcome> {
  const ofClient = eq(clients.clientId, clientId);
  const [before] = await transaction.select().from(clients).where(ofClient).for('no key update');
  if (before === undefined) return { outcome: 'refused', reason: 'no_such_client' };
  const after = clientRegistration.safeParse(registrationOf(before, changes));
  if (!after.success) return { outcome: 'refused', reason: 'not_a_client', problem: z.prettifyError(after.error) };
  const { audience = null, ...rest } = after.data;
  if (await isTaken(transaction, clientId, audience ?? undefined))
    return { outcome: 'refused', reason: 'audience_taken' };
  if (isDeepStrictEqual({ ...before, ...rest, audience }, before))
    return { outcome: 'done', changed: false, client: before, position: await lastPosition(transaction) };
  const [client = before] = await transaction
    .update(clients)
    .set({ ...rest, audience })
    .where(ofClient)
    .returning();
  const done = takesAway(before, client)
    ? ended(client, await cutOffIn(transaction, { kind: 'client', client: clientId }, change))
    : ({ outcome: 'done', changed: true, client, position: await lastPosition(transaction) } as const);
  return recorded(transaction, 'client.updated', { change, done });
}

/**
 * Lets a client do nothing more, from the moment this resolves: no sign-in, no token, no question. Its sessions end, and its own
 * tokens are over as soon as the feed says so. Disabling it again changes nothing.
 */
export async function disableClient(authority: Authority, clientId: string, reason: Reason): Promise<ClientOutcome> {
  return inTransaction(authority.database, transactionLimits, (transaction) =>
    disableClientIn(transaction, clientId, { ...reason, at: new Date(authority.now()) }),
  );
}

export async function disableClientIn(
  transaction: AuthQueries,
  clientId: string,
  change: Ending,
): Promise<ClientOutcome> {
  const switched = await switchClient(transaction, clientId, false);
  if (switched.outcome === 'refused' || !switched.changed) return switched;
  const done = ended(switched.client, await cutOffIn(transaction, { kind: 'client', client: clientId }, change));
  return recorded(transaction, 'client.disabled', { change, done });
}

/** Lets a disabled client work again. What ended with it stays ended. */
export async function enableClient(authority: Authority, clientId: string, reason: Reason): Promise<ClientOutcome> {
  return inTransaction(authority.database, transactionLimits, (transaction) =>
    enableClientIn(transaction, clientId, { ...reason, at: new Date(authority.now()) }),
  );
}

async function enableClientIn(transaction: AuthQueries, clientId: string, change: Ending): Promise<ClientOutcome> {
  const switched = await switchClient(transaction, clientId, true);
  if (switched.outcome === 'refused' || !switched.changed) return switched;
  return recorded(transaction, 'client.enabled', { change, done: switched });
}

async function switchClient(transaction: AuthQueries, clientId: string, enabled: boolean): Promise<ClientOutcome> {
  const ofClient = eq(clients.clientId, clientId);
  // The row is locked before a cut-off takes its serial: see `serials.ts`.
  const [before] = await transaction.select().from(clients).where(ofClient).for('no key update');
  if (before === undefined) return { outcome: 'refused', reason: 'no_such_client' };
  const position = await lastPosition(transaction);
  if (before.enabled === enabled) return { outcome: 'done', changed: false, client: before, position };
  const [client = before] = await transaction.update(clients).set({ enabled }).where(ofClient).returning();
  return { outcome: 'done', changed: true, client, position };
}

type Done = Extract<ClientOutcome, { outcome: 'done' }>;

/** The last statement of a change: whoever reads the log finds it there, or it did not happen. */
async function recorded(
  transaction: AuthQueries,
  action: AuditAction,
  { change: { because, actor = 'authority' }, done }: Readonly<{ change: Ending; done: Done }>,
): Promise<Done> {
  await recordAudit(transaction, { action, actor, client: done.client.clientId, because });
  return done;
}

function ended(client: Client, { upToSerial, position }: Awaited<ReturnType<typeof cutOffIn>>): Done {
  return { outcome: 'done', changed: true, client, position, endedUpTo: upToSerial };
}

async function isTaken(transaction: AuthQueries, clientId: string, audience: string | undefined): Promise<boolean> {
  if (audience === undefined) return false;
  const others = and(eq(clients.audience, audience), ne(clients.clientId, clientId));
  return (await transaction.select({ clientId: clients.clientId }).from(clients).where(others)).length > 0;
}

function registrationOf({ enabled: _enabled, audience, ...held }: Client, changes: ClientChanges): unknown {
  const named = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  const { audience: kept, ...merged } = { ...held, audience, ...named };
  return kept === null ? merged : { ...merged, audience: kept };
}

/** With every set of roles that anybody holds, or with none. */
async function assertItsTokensFit(
  authority: Authority,
  client: Pick<Client, 'clientId' | 'userScopes'>,
): Promise<void> {
  assertTokensFit(authority, [client]);
  const held = await authority.database.selectDistinct({ roles: accounts.roles }).from(accounts);
  for (const { roles } of held) assertTokensFit(authority, [client], roles);
}
