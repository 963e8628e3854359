import { createPublicKey } from 'node:crypto';
import * as z from 'zod';
import { isOnThisMachine } from '../identities/identity-provider.ts';
import { publicKeyJwk } from '../keys/public-key.ts';
import { trustDomain } from '../tokens/trust-domain.ts';
import { grants } from './client-matrix.ts';

/** Small letters, digits and hyphens: it stands in tokens, logs and lists that are separated by commas. Never a subject's form. */
const name = z.string().regex(/^[a-z][a-z0-9-]{1,63}$/);
const clientId = name;

/** Audiences that no service can have: tokens for them are the authority's own business. */
const reservedAudiences: ReadonlySet<string> = new Set(['auth', 'admin', trustDomain]);
const ownAudience = name.refine((audience) => !reservedAudiences.has(audience), 'this audience is the authority’s');

const scopeToken = z.string().regex(/^[!#-[\]-~]{1,64}$/);
const scopes = z.array(scopeToken).max(32).refine(isDistinct, 'a scope stands there twice');
const scopesByAudience = z.record(name, scopes);

/** An address that a browser goes to: https, or http on this machine, without fragment, user or password, as the URL standard spells it. */
const returnAddress = z.string().max(2048).refine(isReturnAddress, 'no address that a browser may be sent back to');

/** The public half alone: whoever sends a private key has made it known, and must make another. */
const assertionKey = z
  .looseObject({})
  .refine((jwk) => !('d' in jwk || 'k' in jwk), 'this is a private key: make another, and register its public half')
  .pipe(publicKeyJwk)
  .refine(isOnItsCurve, 'this is no point on P-256');

const members = {
  /** Without a secret either way: a public client proves nothing, a confidential one signs assertions (RFC 9700 §2.5). */
  kind: z.enum(['public', 'confidential']),
  /** The audience that this client serves, when it is a service. */
  audience: ownAudience.optional(),
  /** Keys of its assertions. Several while it changes from one to the next. */
  publicKeys: z.array(assertionKey).max(4).default([]),
  /** What its tokens must be bound to: a key (RFC 9449), or its certificate (RFC 8705). */
  senderConstraint: z.enum(['none', 'dpop', 'mtls']).default('none'),
  grants: z.array(z.enum(grants)).refine(isDistinct, 'a grant stands there twice').default([]),
  userScopes: scopesByAudience.default({}),
  serviceScopes: scopesByAudience.default({}),
  exchangeTargets: scopesByAudience.default({}),
  /** Where people come back to after signing in with an identity provider. Compared letter for letter. */
  returnAddresses: z.array(returnAddress).max(16).refine(isDistinct, 'an address stands there twice').default([]),
};

/**
 * A client as it is registered, by the admin procedure or the seed file. Whatever else somebody sends, a secret above all, is
 * refused.
 */
export const clientRegistration = z.strictObject({ clientId, ...members }).superRefine((client, context) => {
  const problem = client.kind === 'public' ? publicProblem(client) : confidentialProblem(client);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

export type ClientRegistration = z.output<typeof clientRegistration>;
export type ClientRegistrationInput = z.input<typeof clientRegistration>;

/** What a change may name: everything but who it is and of what kind. What it does not name stays. */
export const clientChanges = z.strictObject({
  audience: members.audience.nullable(),
  publicKeys: members.publicKeys.unwrap().optional(),
  senderConstraint: members.senderConstraint.unwrap().optional(),
  grants: members.grants.unwrap().optional(),
  userScopes: members.userScopes.unwrap().optional(),
  serviceScopes: members.serviceScopes.unwrap().optional(),
  exchangeTargets: members.exchangeTargets.unwrap().optional(),
  returnAddresses: members.returnAddresses.unwrap().optional(),
});

export type ClientChanges = z.output<typeof clientChanges>;

type Unchecked = z.output<z.ZodObject<typeof members>>;

function publicProblem(client: Unchecked): string | undefined {
  if (client.publicKeys.length > 0) return 'a public client has no keys: anybody could read them out of it';
  if (client.audience !== undefined) return 'a public client serves no audience';
  if (client.senderConstraint === 'mtls') return 'a public client has no certificate: bind it by dpop';
  if (client.grants.some((grant) => grant !== 'refresh_token')) return 'a public client may only have refresh_token';
  const isService = Object.keys(client.serviceScopes).length + Object.keys(client.exchangeTargets).length > 0;
  return isService ? 'a public client has no scopes of its own and exchanges nothing' : undefined;
}

function confidentialProblem({ publicKeys, returnAddresses }: Unchecked): string | undefined {
  if (returnAddresses.length > 0) return 'nobody signs in through a confidential client, so nobody comes back to it';
  if (publicKeys.length === 0) return 'a confidential client has at least one public key';
  return isDistinct(publicKeys.map(({ kid }) => kid)) ? undefined : 'two keys have the same kid';
}

function isDistinct(list: readonly string[]): boolean {
  return new Set(list).size === list.length;
}

function isReturnAddress(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.href !== text || text.includes('#') || url.username !== '' || url.password !== '')
    return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isOnThisMachine(text));
}

function isOnItsCurve(jwk: z.output<typeof publicKeyJwk>): boolean {
  try {
    createPublicKey({ key: jwk, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}
