import * as z from 'zod';
import { OAuthError } from './oauth-error.ts';

/**
 * Reads the members that `schema` names. Others are ignored, as RFC 6749 §3.2 demands; an empty one counts as absent.
 */
export function readForm<Schema extends z.ZodType>(schema: Schema, form: URLSearchParams): z.output<Schema> {
  const given = Object.fromEntries([...form].filter(([, value]) => value !== ''));
  const read = schema.safeParse(given);
  if (!read.success)
    throw new OAuthError('invalid_request', read.error.issues.map((issue) => issue.path.join('.')).join(', '));
  return read.data;
}

/** What a transaction is about, frozen for all of it: a few short texts by name. */
export const frozenDetails = z
  .record(z.string().min(1).max(64), z.string().max(256))
  .refine((details) => Object.keys(details).length <= 16);

/** Scope tokens, space-separated (RFC 6749 §3.3). */
export const scopeMember = z
  .string()
  .max(512)
  .regex(/^[!#-[\]-~]+( [!#-[\]-~]+)*$/)
  .transform((text) => [...new Set(text.split(' '))]);
