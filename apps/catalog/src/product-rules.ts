import type { PolicyCondition, PolicyPrincipal, RequestPolicy } from '@sallyport/auth';
import type { PolicyVocabulary } from '@sallyport/auth/policy';
import { knownByPolicy } from '@sallyport/auth/trpc';
import type { products } from './schema.ts';

/** What rules may ask about a product. Each has its column in `product-condition.ts`; none is ever missing. */
export const productVocabulary = {
  product: { owner: 'string', visibility: 'string', archived: 'boolean' },
} as const satisfies PolicyVocabulary;

const kind = 'product';

type Attributes = Readonly<Record<keyof (typeof productVocabulary)['product'], string | boolean>>;

/** As much of a row as decides about it. */
type DecidedRow = Pick<typeof products.$inferSelect, 'id' | 'ownerSubject' | 'visibility' | 'archivedAt'>;

type ProductAction = 'read' | 'change' | 'archive' | 'restore';

/** The rules of one request. `who` is `undefined` for a stranger. */
export type ProductRules = Readonly<{
  may: (who: PolicyPrincipal | undefined, action: ProductAction, row: DecidedRow) => boolean;
  /** Which products, all at once: for the WHERE of a list, or of a change. */
  which: (who: PolicyPrincipal | undefined, action: ProductAction) => PolicyCondition;
}>;

/** Rules for whoever is known: when nobody can say what they are, the answer is 503. */
export function productRules(policy: RequestPolicy): ProductRules {
  return {
    may: (principal, action, row) => {
      const decision = knownByPolicy(policy.decide({ principal, action, resource: resourceOf(row) }));
      return decision.outcome === 'allowed';
    },
    which: (principal, action) => knownByPolicy(policy.which({ principal, action, kind })).condition,
  };
}

/**
 * Rules for `publicRead`, which always serves: a viewer of whom nobody can say counts as a stranger, and while catalog has
 * not had any rules since it started, strangers see what `strangersSee` says and no more.
 */
export function publicRules(policy: RequestPolicy): ProductRules {
  return {
    may: (viewer, action, row) => {
      for (const principal of [viewer, undefined]) {
        const decision = policy.decide({ principal, action, resource: resourceOf(row) });
        if (decision.outcome !== 'unknown') return decision.outcome === 'allowed';
      }
      return action === 'read' && row.visibility === 'public' && row.archivedAt === null;
    },
    which: (viewer, action) => {
      for (const principal of [viewer, undefined]) {
        const list = policy.which({ principal, action, kind });
        if (list.outcome === 'known') return list.condition;
      }
      return action === 'read' ? strangersSee : { any: [] };
    },
  };
}

/** What its owner called public is served even before the first rules came. The only rule that stands in code. */
const strangersSee: PolicyCondition = {
  all: [
    { attribute: 'visibility', is: 'eq', value: 'public' },
    { attribute: 'archived', is: 'eq', value: false },
  ],
};

function resourceOf({ id, ownerSubject: owner, visibility, archivedAt }: DecidedRow) {
  const attributes: Attributes = { owner, visibility, archived: archivedAt !== null };
  return { kind, id, attributes };
}
