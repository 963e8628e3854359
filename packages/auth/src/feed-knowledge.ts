import { monotonicMsAt, type Clock, type Moment } from './clock.ts';
import { feedPosition, type FeedMessage, type Notice } from './feed-position.ts';
import { feedProof } from './feed-proof.ts';
import { noRestrictions, type Restrictions } from './restrictions.ts';
import { rememberRevocations, type Revocation, type RevocationSubject } from './revocations.ts';

/** How far behind a follower is. */
export type FeedLag = Readonly<{
  /** See `RevocationFeed.silenceMs`. */
  silenceMs: number;
  /** Events that the authority was known to have and that are not here. `undefined` while either end is unknown. */
  eventsBehind: number | undefined;
}>;

export type FeedKnowledge = Readonly<{
  /** A new connection is opened. Answers the position that it is to go on from. */
  connect: () => number | undefined;
  silenceMs: (moment?: Moment) => number;
  lag: () => FeedLag;
  position: () => number | undefined;
  isRevoked: (token: RevocationSubject) => boolean;
  /** What is ordered across the house, as far as the feed has told. */
  restrictions: () => Restrictions;
  /** The same, of what the feed itself said. */
  hasTold: (token: RevocationSubject) => boolean;
  learn: (revocation: Revocation) => void;
  /** Answers what is wrong with the message, if anything. What it tells is in force all the same. */
  receive: (message: FeedMessage) => string | undefined;
  /** Notes that the authority is asked now. What it returns takes the answer, and says what is wrong with that. */
  ask: (askedAtMs: number) => (answer: number) => string | undefined;
  /** The next connection begins with a snapshot, and no question from before proves anything after. */
  doubt: (what: 'position' | 'position and proof') => void;
}>;

export type KnowledgeOptions = Readonly<{
  clock: Clock;
  onTold: (told: Revocation | Notice) => void;
  /** Something is proven that was not before. */
  onProven: () => void;
}>;

/** What a follower knows from its feed: what is in force, up to where, and since when that is all. No timers, no I/O. */
export function feedKnowledge({ clock, onTold, onProven }: KnowledgeOptions): FeedKnowledge {
  const told = rememberRevocations();
  const learnt = rememberRevocations();
  const position = feedPosition();
  const proof = feedProof();
  let doubts = 0;
  let restrictions = noRestrictions;

  const silenceMs = (moment?: Moment): number => monotonicMsAt(clock, moment) - proof.provenAtMs();

  function apply(news: Revocation | Notice): void {
    switch (news.kind) {
      case 'policy':
        break;
      case 'restrictions':
        // A message may come twice, or late: what was ordered after it stays.
        if (news.version > restrictions.version) restrictions = news;
        break;
      default:
        told.add(news, clock.monotonicMs());
    }
    onTold(news);
  }

  function takeProof(): void {
    if (proof.reached(position.current())) onProven();
  }

  return {
    connect: () => {
      position.connect();
      return position.current();
    },
    silenceMs,
    lag: () => ({ silenceMs: silenceMs(), eventsBehind: eventsBehind(proof.lastAnswer(), position.current()) }),
    position: position.current,
    isRevoked: (token) => told.covers(token) || learnt.covers(token),
    hasTold: told.covers,
    restrictions: () => restrictions,
    learn: (revocation) => learnt.add(revocation, clock.monotonicMs()),

    receive(message) {
      if (message.type === 'event') apply(message.event);
      if (message.type === 'snapshot') message.inForce.forEach(apply);
      const problem = position.take(message);
      if (problem === undefined) takeProof();
      return problem;
    },

    ask(askedAtMs) {
      const known = position.current() ?? 0;
      const doubtsThen = doubts;
      return (answer) => {
        if (doubts !== doubtsThen) return undefined;
        // What was here when we asked was committed before: an honest answer is not less, unless the authority lost it. A
        // snapshot that came meanwhile has taken us there already.
        if (answer < Math.min(known, position.current() ?? 0)) return 'the authority went back';
        proof.answered(answer, askedAtMs);
        takeProof();
        return undefined;
      };
    },

    doubt(what) {
      doubts += 1;
      position.forget();
      proof.forget(what === 'position' ? 'answers' : 'answers and proven');
    },
  };
}

function eventsBehind(answered: number | undefined, here: number | undefined): number | undefined {
  return answered === undefined || here === undefined ? undefined : Math.max(0, answered - here);
}
