import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { repositoryRoot } from './repository.ts';
import type { SystemSecrets } from './system-secrets.ts';

const houseFile = z.object({ clients: z.array(z.looseObject({ clientId: z.string() })) });

type Clients = Readonly<{
  /** What the tokens of services must be bound to. */
  senderConstraint?: 'none' | 'mtls' | undefined;
  /** Further clients, as they stand. */
  others?: readonly unknown[] | undefined;
}>;

/** Writes the clients of this house for the authority to register: its own list, with the public keys of this system's services. */
export async function writeClientsFile(
  path: string,
  { clientKeys }: SystemSecrets,
  { senderConstraint = 'none', others = [] }: Clients,
): Promise<void> {
  const house = join(repositoryRoot, 'apps/auth/clients/house-clients.json');
  const { clients } = houseFile.parse(JSON.parse(await readFile(house, 'utf8')));
  const keys = new Map<string, SystemSecrets['clientKeys'][keyof SystemSecrets['clientKeys']]>(
    Object.entries(clientKeys),
  );
  const withKeys = clients.map((client) => {
    const key = keys.get(client.clientId);
    if (key === undefined) return client;
    const { d: _private, ...publicKey } = key;
    return { ...client, publicKeys: [publicKey], senderConstraint };
  });
  await writeFile(path, `${JSON.stringify({ clients: [...withKeys, ...others] }, undefined, 2)}\n`);
}
