import type { PolicyPrincipal, Principal } from '@sallyport/auth';
import { refuse } from '@sallyport/service';

/** Whose eyes a read looks through: a user's, or a stranger's. */
export type Viewer = PolicyPrincipal | undefined;

/** The scope without which a token opens nobody's drawers: a read then shows what it shows to strangers. */
const readingScope = 'catalog:read';

export function viewerOf(principal: Principal | undefined): Viewer {
  return principal?.scope.has(readingScope) === true ? principal : undefined;
}

/** The one answer for what does not exist and for what this viewer may not see. */
export function refuseUnseen(): never {
  refuse({ code: 'NOT_FOUND', reason: 'not_found', message: 'There is no such product.' });
}
