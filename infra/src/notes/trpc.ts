import { denialAnswerOf, trustTiers, type TrustContext, type TrustMeta } from '@sallyport/auth/trpc';
import { initTRPC } from '@trpc/server';
import type { Notes } from './notes.ts';

type Context = TrustContext & Readonly<{ notes: Notes }>;

const t = initTRPC
  .context<Context>()
  .meta<TrustMeta>()
  .create({
    isDev: false,
    // What a denial may say: one public word, and for a step-up what would do. The reason stays in your log.
    errorFormatter: ({ shape, error }) => {
      const denial = denialAnswerOf(error);
      return { ...shape, data: { ...shape.data, reason: denial?.reason, challenge: denial?.challenge } };
    },
  });

export const { router, createCallerFactory } = t;

/** Every procedure begins with one of these. `t.procedure` is not exported, so there is no other way. */
export const trust = trustTiers(t.procedure);
