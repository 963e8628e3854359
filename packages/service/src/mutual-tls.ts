import { constants, createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, TLSSocket } from 'node:tls';
import { z } from 'zod';
import { SettingsError } from './environment.ts';

/** What a service shows to the others of the house, and whose certificates it believes. All PEM. */
export type ServiceCertificate = Readonly<{ certificate: string; key: string; authorities: string }>;

/** A second address, for the other services of the house alone. */
export type MutualTls = Readonly<{ port: number; shown: ServiceCertificate }>;

/** The settings of mutual TLS between services (RFC 8705). Off unless a folder is named. */
export const mutualTlsSettings = {
  MTLS_FOLDER: z
    .string()
    .min(1)
    .optional()
    .describe('a folder with certificate.pem, key.pem and authorities.pem, or to nothing'),
  MTLS_PORT: z
    .string()
    .regex(/^[0-9]{1,5}$/)
    .transform(Number)
    .pipe(z.int().max(65_535))
    .default(0)
    .describe('a free port for the other services, 0 to 65535'),
};

type Settings = Readonly<{ MTLS_FOLDER?: string | undefined; MTLS_PORT: number }>;

/**
 * Reads what MTLS_FOLDER holds; `undefined` when none is named. `addresses`: settings that name other services of the house, by their names.
 * @throws SettingsError when a file is missing, certificate and key do not belong together, or an address is without TLS
 */
export async function readMutualTls(
  { MTLS_FOLDER: folder, MTLS_PORT: port }: Settings,
  addresses: Readonly<Record<string, string | undefined>> = {},
): Promise<MutualTls | undefined> {
  if (folder === undefined) return undefined;
  for (const [name, address] of Object.entries(addresses)) {
    if (address?.startsWith('https://') === true) continue;
    throw new SettingsError(
      `${name} has no https address: set it to the MTLS_PORT of that service, or MTLS_FOLDER to nothing.`,
    );
  }
  try {
    const [certificate, key, authorities] = await Promise.all([
      readFile(join(folder, 'certificate.pem'), 'utf8'),
      readFile(join(folder, 'key.pem'), 'utf8'),
      readFile(join(folder, 'authorities.pem'), 'utf8'),
    ]);
    createSecureContext({ cert: certificate, key, ca: authorities });
    return { port, shown: { certificate, key, authorities } };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new SettingsError(
      `MTLS_FOLDER does not hold certificate.pem, its key.pem and authorities.pem (${code}): make them, or set it to nothing.`,
    );
  }
}

/**
 * Settings of a server that nobody reaches without a certificate of one of these authorities (RFC 8705 §2). A session is never resumed: each
 * connection shows its certificate, and one that has expired meanwhile is refused.
 */
export function mutualTlsServer({ certificate, key, authorities }: ServiceCertificate): ServerOptions {
  return {
    cert: certificate,
    key,
    ca: authorities,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}

/**
 * SHA-256 of the certificate that the other side of a connection has proven to hold (`x5t#S256`, RFC 8705 §3.1). From the connection alone:
 * a header that tells of one is worth nothing.
 */
export function certificateThumbprint(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const certificate = socket.getPeerX509Certificate();
  return certificate && createHash('sha256').update(certificate.raw).digest('base64url');
}
