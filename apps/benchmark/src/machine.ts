import { readFile } from 'node:fs/promises';
import { cpus, totalmem, type } from 'node:os';
import { join } from 'node:path';

/** Where and when a run was measured. */
export type Machine = Readonly<{
  measuredAt: string;
  machine: string;
  pinning: string;
  /** Of Node, PostgreSQL and everything else that took part. */
  versions: Readonly<Record<string, string>>;
}>;

const peers = [
  '@trpc/server',
  'jose',
  'fast-jwt',
  'aws-jwt-verify',
  'jsonwebtoken',
  'oidc-provider',
  'better-auth',
  'fastify',
  'hono',
  '@hono/node-server',
  'pg',
] as const;

/** `postgres`: the version of the server that took part, if one did. */
export async function describeMachine(pinning: string, postgres: string | undefined): Promise<Machine> {
  const processors = cpus();
  const gib = Math.round(totalmem() / 1024 ** 3);
  const versions = await Promise.all(peers.map(async (name) => [name, await installedVersion(name)] as const));
  return {
    measuredAt: new Date().toISOString().slice(0, 10),
    machine: `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, ${gib} GiB, ${type()}`,
    pinning,
    versions: {
      node: process.versions.node,
      ...(postgres !== undefined && { PostgreSQL: postgres }),
      ...Object.fromEntries(versions),
    },
  };
}

async function installedVersion(name: string): Promise<string> {
  const file = join(import.meta.dirname, '..', 'node_modules', name, 'package.json');
  const [, version = 'unknown'] = /^ {2}"version": "([^"]+)"/m.exec(await readFile(file, 'utf8')) ?? [];
  return version;
}
