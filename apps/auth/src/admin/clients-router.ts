import { makeConsistencyToken } from '@sallyport/auth';
import { refuse, SettingsError } from '@sallyport/service';
import { eq } from 'drizzle-orm';
import * as z from 'zod';
import { clientChanges, clientRegistration } from '../clients/client-registration.ts';
import { allClients, type Client } from '../clients/clients.ts';
import { disableClient, enableClient, registerClient, updateClient } from '../clients/manage-clients.ts';
import type { AuthQueries } from '../database.ts';
import { cutOff } from '../revocation/cut-off.ts';
import { clients } from '../schema.ts';
import { router } from '../trpc.ts';
import { adminChange, adminRead, because, reasonOf, clientId } from './admin-gate.ts';

const named = z.strictObject({ client: clientId });
const clientChange = named.extend({ because });

/** Who may ask for tokens, and for which. */
export const adminClientsRouter = router({
  list: adminRead().query(async ({ ctx: { authority } }) => ({ clients: await allClients(authority.database) })),

  get: adminRead()
    .input(named)
    .query(async ({ ctx: { authority }, input }) => findAnyClient(authority.database, input.client)),

  register: adminChange('administrator')
    .input(z.strictObject({ registration: clientRegistration, because }))
    .mutation(async ({ ctx: { authority, principal }, input }) =>
      answer(
        await registerClient(authority, input.registration, reasonOf(principal, input.because)).catch(refuseTokens),
      ),
    ),

  /** What is not named stays. A change that takes something away ends what was begun with it. */
  update: adminChange('administrator')
    .input(clientChange.extend({ changes: clientChanges }))
    .mutation(async ({ ctx: { authority, principal }, input: { client, changes, because: why } }) => {
      const change = { clientId: client, changes };
      return answer(await updateClient(authority, change, reasonOf(principal, why)).catch(refuseTokens));
    }),

  /** Ends all that it has, and lets it do nothing more. */
  disable: adminChange('operator')
    .input(clientChange)
    .mutation(async ({ ctx: { authority, principal }, input }) =>
      answer(await disableClient(authority, input.client, reasonOf(principal, input.because))),
    ),

  enable: adminChange('administrator')
    .input(clientChange)
    .mutation(async ({ ctx: { authority, principal }, input }) =>
      answer(await enableClient(authority, input.client, reasonOf(principal, input.because))),
    ),

  /** A panic lever: ends every session that was begun through this client so far. */
  endSessions: adminChange('operator')
    .input(clientChange)
    .mutation(async ({ ctx: { authority, principal }, input }) => {
      await findAnyClient(authority.database, input.client);
      const { position } = await cutOff(
        authority,
        { kind: 'client', client: input.client },
        reasonOf(principal, input.because),
      );
      return { ended: true, consistencyToken: makeConsistencyToken(position) };
    }),
});

type Outcome = Awaited<ReturnType<typeof registerClient>>;

/** What the change left, or why there was none. */
function answer(outcome: Outcome) {
  if (outcome.outcome === 'done') {
    const { client, changed, position } = outcome;
    return { client, changed, consistencyToken: makeConsistencyToken(position) };
  }
  switch (outcome.reason) {
    case 'no_such_client':
      return noSuchClient();
    case 'client_exists':
      return refuse({ code: 'CONFLICT', reason: 'client_exists', message: 'There is a client of this id.' });
    case 'audience_taken':
      return refuse({ code: 'CONFLICT', reason: 'audience_taken', message: 'Another client serves this audience.' });
    case 'is_a_subject':
      return refuse({ code: 'CONFLICT', reason: 'is_a_subject', message: 'This id is a person’s.' });
    case 'not_a_client':
      return refuse({ code: 'BAD_REQUEST', reason: 'not_a_client', message: 'What this would leave is no client.' });
  }
}

/** Also when it is disabled. */
async function findAnyClient(queries: AuthQueries, id: string): Promise<Client> {
  const [client] = await queries.select().from(clients).where(eq(clients.clientId, id));
  return client ?? noSuchClient();
}

/** A token that people will be given must fit its budget. */
function refuseTokens(error: unknown): never {
  if (!(error instanceof SettingsError)) throw error;
  return refuse({ code: 'BAD_REQUEST', reason: 'token_too_long', message: 'Its tokens would be too long.' });
}

function noSuchClient(): never {
  refuse({ code: 'NOT_FOUND', reason: 'no_such_client', message: 'There is no such client.' });
}
