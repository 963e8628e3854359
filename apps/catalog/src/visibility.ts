import type { Principal } from '@sallyport/auth';
import { refuse } from '@sallyport/service';
import { sql, type Placeholder, type SQL } from 'drizzle-orm';
import { products } from './schema.ts';

/** Whose eyes a read looks through: a user, or nobody's in particular. */
export type Viewer = string | null;

/** The scope without which a token opens nobody's drawers: a read then shows what it shows to strangers. */
const readingScope = 'catalog:read';

export function viewerOf(principal: Principal | undefined): Viewer {
  return principal?.scope.has(readingScope) === true ? principal.user : null;
}

/**
 * The one condition of every read: which products exist, as far as this viewer can tell. Pure. It is part of the query's
 * own WHERE, so a list is decided whole, and what does not pass is never fetched.
 *
 * - Its owner sees a product always. - Archived, nobody else does. - Otherwise its `visibility` says.
 *
 * `viewer` is a value, or the place in a prepared statement where `viewerOf` will put one.
 */
export function visibleTo(viewer: Viewer | Placeholder): SQL {
  const { ownerSubject, archivedAt, visibility } = products;
  return sql`(${ownerSubject} = ${viewer}::text OR (${archivedAt} IS NULL AND CASE ${visibility}
    WHEN 'public' THEN true
    WHEN 'authenticated' THEN ${viewer}::text IS NOT NULL
    WHEN 'owner' THEN false
  END))`;
}

/** The one answer for what does not exist and for what this viewer may not see. */
export function refuseUnseen(): never {
  refuse({ code: 'NOT_FOUND', reason: 'not_found', message: 'There is no such product.' });
}
