import { makeConsistencyToken } from '@sallyport/auth';
import { refuse } from '@sallyport/service';
import { eq } from 'drizzle-orm';
import * as z from 'zod';
import { allClients, type Client } from '../clients/clients.ts';
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

/** Also when it is disabled. */
async function findAnyClient(queries: AuthQueries, id: string): Promise<Client> {
  const [client] = await queries.select().from(clients).where(eq(clients.clientId, id));
  return client ?? noSuchClient();
}

function noSuchClient(): never {
  refuse({ code: 'NOT_FOUND', reason: 'no_such_client', message: 'There is no such client.' });
}
