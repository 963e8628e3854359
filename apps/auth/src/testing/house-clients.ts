import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { clientRegistration, type ClientRegistration } from '../clients/client-registration.ts';

const file = new URL('../../clients/house-clients.json', import.meta.url);
const houseFile = z.object({ clients: z.array(z.looseObject({ clientId: z.string(), kind: z.string() })) });

/** The clients of this house, with the keys that a test has made for them. Those of its services that got none are left out. */
export async function houseClients(keys: Readonly<Record<string, unknown>>): Promise<ClientRegistration[]> {
  const { clients } = houseFile.parse(JSON.parse(await readFile(file, 'utf8')));
  return clients
    .filter(({ clientId, kind }) => kind === 'public' || clientId in keys)
    .map((client) =>
      clientRegistration.parse(client.kind === 'public' ? client : { ...client, publicKeys: [keys[client.clientId]] }),
    );
}
