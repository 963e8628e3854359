// First: what decorates classes in @peculiar/x509 looks for it as it is loaded.
// oxlint-disable-next-line import/no-unassigned-import -- it is there for what it does, and exports nothing
import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type Name,
} from '@peculiar/x509';
import { serviceNames, type ServiceName } from './service-process.ts';

/** All PEM. */
export type Certificate = Readonly<{ certificate: string; key: string; authorities: string }>;

export type Certificates = Readonly<Record<ServiceName, Certificate>>;

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Days that a certificate lasts. Development makes new ones at each start. */
const validForDays = 30;

/**
 * An authority of our own, and a certificate by it for each service: to answer and to ask with, under this name of the machine. The key
 * of the authority is forgotten: it signs nothing else, ever.
 */
export async function makeCertificates(hostname: string): Promise<Certificates> {
  const keys = await newKeys();
  const authority = await X509CertificateGenerator.createSelfSigned({
    ...validity(),
    serialNumber: serialNumber(),
    name: 'CN=Sallyport development authority',
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  const issuer: Issuer = { name: authority.subjectName, key: keys.privateKey, certificate: authority.toString('pem') };
  const [auth, catalog, payments] = await Promise.all([
    certificateOf('auth', hostname, issuer),
    certificateOf('catalog', hostname, issuer),
    certificateOf('payments', hostname, issuer),
  ]);
  return { auth, catalog, payments };
}

type Issuer = Readonly<{ name: Name; key: CryptoKey; certificate: string }>;

async function certificateOf(service: ServiceName, hostname: string, issuer: Issuer): Promise<Certificate> {
  const keys = await newKeys();
  const names = [...new Set([hostname, 'localhost', '127.0.0.1'])];
  const certificate = await X509CertificateGenerator.create({
    ...validity(),
    serialNumber: serialNumber(),
    subject: `CN=${service}`,
    issuer: issuer.name,
    publicKey: keys.publicKey,
    signingKey: issuer.key,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
      ),
    ],
  });
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const lines = pkcs8.match(/.{1,64}/g)?.join('\n');
  const key = `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`;
  return { certificate: certificate.toString('pem'), key, authorities: issuer.certificate };
}

async function newKeys() {
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

function validity(): { notBefore: Date; notAfter: Date } {
  const dayMs = 24 * 60 * 60 * 1000;
  // A minute back, for a machine whose clock is behind.
  return { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + validForDays * dayMs) };
}

/** 20 bytes at most, and positive (RFC 5280 §4.1.2.2). */
function serialNumber(): string {
  return `4${randomBytes(15).toString('hex').slice(1)}`;
}

/** Writes one folder for each service under `folder`, as MTLS_FOLDER wants it, readable by nobody else. */
export async function writeCertificates(folder: string, certificates: Certificates): Promise<void> {
  for (const name of serviceNames) {
    const own = join(folder, name);
    await mkdir(own, { recursive: true, mode: 0o700 });
    const { certificate, key, authorities } = certificates[name];
    await writeFile(join(own, 'certificate.pem'), certificate);
    await writeFile(join(own, 'authorities.pem'), authorities);
    await writeFile(join(own, 'key.pem'), key, { mode: 0o600 });
  }
}
