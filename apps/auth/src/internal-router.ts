import { refuseUnavailable } from '@sallyport/service';
import { tracked } from '@trpc/server';
import * as z from 'zod';
import { introspectOnward } from './introspection/onward-tokens.ts';
import { questionsInput } from './introspection/questions.ts';
import { newestRuleSet } from './policy/rule-sets.ts';
import { feedPlaceGrammar, readFeedPlace, writeFeedPlace } from './revocation/feed-place.ts';
import { lastPlace } from './revocation/revocation-snapshot.ts';
import { streamRevocations } from './revocation/revocation-stream.ts';
import { router, trust } from './trpc.ts';

/** Milliseconds after which the feed ends, so that whoever follows it proves again who it is. */
const streamForMs = 5 * 60 * 1000;

/** What the services of this house ask the authority. Each authenticates as itself, and has the right by its scope. */
export const internalRouter = router({
  /**
   * DESIGN §7: identifiers of tokens whose signature the asker has checked. As many answers, in the same order; in those that ask for it,
   * the transaction token for the next hop.
   */
  introspect: trust
    .authenticatedRead({ scope: 'introspect', from: 'service' })
    .input(questionsInput)
    .query(async ({ ctx: { authority, principal }, input }) => {
      try {
        return { answers: await introspectOnward(authority, input.questions, principal.client) };
      } catch (err) {
        // A part that is not known makes the whole not known: nothing is active, or inactive, by default.
        authority.log.error({ err }, 'an introspection could not be answered');
        return refuseUnavailable();
      }
    }),

  /** The rule set in force, as it was published. A house without one is not ready to decide anything. */
  policy: trust.authenticatedRead({ scope: 'policy', from: 'service' }).query(async ({ ctx: { authority } }) => {
    const newest = await newestRuleSet(authority.database);
    return newest === undefined ? refuseUnavailable() : { ruleSet: newest.ruleSet };
  }),

  /**
   * The position of the newest revocation, read after the question came: what a service must have seen of the feed to
   * know all that was revoked before it asked. `place` is the id that the feed's message of that position has.
   */
  position: trust.authenticatedRead({ scope: 'revocations', from: 'service' }).query(async ({ ctx: { authority } }) => {
    const last = await lastPlace(authority.database);
    return { position: last.position, place: writeFeedPlace(last) };
  }),

  /** DESIGN §8. The id of each message is a place in the feed: whoever comes back with it misses nothing. */
  revocations: trust
    .authenticatedRead({ scope: 'revocations', from: 'service' })
    .input(z.strictObject({ lastEventId: z.string().regex(feedPlaceGrammar).optional() }).optional())
    .subscription(async function* follow({ ctx: { authority, wake, principal }, input, signal }) {
      const from = input?.lastEventId === undefined ? undefined : readFeedPlace(input.lastEventId);
      const ends = AbortSignal.timeout(streamForMs);
      const stop = signal === undefined ? ends : AbortSignal.any([signal, ends]);
      for await (const { message, place } of streamRevocations({ database: authority.database, wake }, from, stop)) {
        yield tracked(place === undefined ? 'snapshot' : writeFeedPlace(place), message);
        // The follower’s own token is over: it proves again that it may follow.
        if (message.type === 'event' && message.event.kind === 'client' && message.event.client === principal.client)
          return;
      }
    }),
});
