import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { compactVerify, SignJWT } from 'jose';
import * as z from 'zod';
import type { ChainEnd } from './audit-chain.ts';

/** What the log was, at a time: up to `position`, and no row otherwise. */
export type Checkpoint = ChainEnd & Readonly<{ /** Epoch seconds. */ at: number }>;

const checkpointType = 'audit-checkpoint+jwt';
const algorithm = 'Ed25519';
/** PKCS #8 of an Ed25519 key, up to its 32 bytes (RFC 8410 §7). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Signs and reads checkpoints. */
export type CheckpointKey = Readonly<{ issuer: string; privateKey: KeyObject; publicKey: KeyObject }>;

/**
 * The key of the checkpoints, made of the key encryption key (HKDF, RFC 5869): it is nowhere in the database, so whoever can write
 * there cannot sign. It signs nothing else, and no verifier of tokens knows it.
 */
export function openCheckpointKey(keyEncryptionKey: Uint8Array, issuer: string): CheckpointKey {
  const seed = Buffer.from(hkdfSync('sha256', keyEncryptionKey, '', 'sallyport audit checkpoints', 32));
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' });
  return { issuer, privateKey, publicKey: createPublicKey(privateKey) };
}

/** One line of a checkpoint file: a JWS. */
export function signCheckpoint(
  { issuer, privateKey }: CheckpointKey,
  { position, hash, at }: Checkpoint,
): Promise<string> {
  return new SignJWT({ position, hash: hash.toString('base64url') })
    .setProtectedHeader({ alg: algorithm, typ: checkpointType })
    .setIssuer(issuer)
    .setIssuedAt(at)
    .sign(privateKey);
}

/** A line that is no checkpoint of this authority, or was changed. */
export class BadCheckpoint extends Error {
  override readonly name = 'BadCheckpoint';
}

const payload = z.strictObject({
  iss: z.string(),
  iat: z.int().positive(),
  position: z.int().positive(),
  hash: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});

/** @throws BadCheckpoint */
async function readCheckpoint({ issuer, publicKey }: CheckpointKey, line: string): Promise<Checkpoint> {
  const verified = await compactVerify(line, publicKey, { algorithms: [algorithm] }).catch(() => undefined);
  if (verified?.protectedHeader.typ !== checkpointType) throw new BadCheckpoint('it was not signed here');
  const { iss, iat: at, position, hash } = payload.parse(JSON.parse(Buffer.from(verified.payload).toString()));
  if (iss !== issuer) throw new BadCheckpoint('it is of another issuer');
  return { position, hash: Buffer.from(hash, 'base64url'), at };
}

/**
 * All checkpoints of a file, one a line. A last line without its end was being written when the process died, and is passed over.
 * @throws BadCheckpoint naming the line
 */
export async function readCheckpointFile(key: CheckpointKey, path: string): Promise<Checkpoint[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  return Promise.all(
    lines.map((line, index) =>
      readCheckpoint(key, line).catch((error: unknown) => {
        throw new BadCheckpoint(`line ${index + 1} of ${path} is no checkpoint: ${String(error)}`, { cause: error });
      }),
    ),
  );
}

/** Adds a line, and returns when the disk has it. */
export async function appendLine(path: string, line: string): Promise<void> {
  const file = await open(path, 'a', 0o600);
  try {
    await file.appendFile(`${line}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}
