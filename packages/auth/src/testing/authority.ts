import { decodeJwt } from 'jose';
import type { AskAuthority, IntrospectionAnswer, IntrospectionQuestion } from '../authority.ts';
import type { Clock } from '../clock.ts';
import type { OnwardAnswer } from '../onward.ts';
import type { Restrictions } from '../restrictions.ts';
import { rememberRevocations, type Revocation } from '../revocations.ts';
import { testFeed } from './feed.ts';
import { heldClock } from './held-clock.ts';
import { testKeys } from './signing.ts';
import { testTokens } from './tokens.ts';

/**
 * An authority in memory, for tests of services that use this package: real ES256 keys, real tokens, no network. What it
 * revokes holds at once for whoever asks, and reaches those who follow `feed` unless `holdFeed(true)`.
 *
 * Two of them, with an `issuer` each, are two issuers: their keys differ, though the `kid`s are the same.
 */
export async function testAuthority(clock: Clock = heldClock(), issuer = 'http://authority.test') {
  const trustDomain = 'sallyport';
  const signing = await testKeys();
  const feed = testFeed();
  const revoked = rememberRevocations();
  const secondFactors = new Map<string, number>();
  const roles = new Map<string, readonly string[]>();
  const rolesOf = (subject: string): readonly string[] => roles.get(subject) ?? [];
  const secondFactorAt = (session: string): number | undefined => secondFactors.get(session);
  let ruleSet: Readonly<{ version: number }> | undefined;
  let onwardRefused: string | undefined;
  let reachable = true;
  let batchesAsked = 0;
  let version = 0;

  const minting = testTokens({ issuer, trustDomain, clock, signing, secondFactorAt, rolesOf });

  /** Carried by the service that the caller's token is for. */
  async function carryOn({ subject, session, onward }: IntrospectionQuestion): Promise<OnwardAnswer | undefined> {
    if (onward === undefined) return undefined;
    if (onwardRefused !== undefined) return { refused: onwardRefused };
    const { aud: service } = decodeJwt<{ aud: string }>(onward.token);
    const { scope, context } = onward;
    return { transaction: await minting.transactionToken({ scope, service, subject, session, context }) };
  }

  function answer(question: IntrospectionQuestion, onward: OnwardAnswer | undefined): IntrospectionAnswer {
    if (revoked.covers({ ...question, keyId: '' })) return { active: false };
    const answeredAt = clock.epochSeconds();
    const factorAt = secondFactorAt(question.session);
    const roleNames = rolesOf(question.subject);
    const known = { active: true, roles: roleNames, answeredAt, ...(onward && { onward }) } as const;
    if (factorAt === undefined) return { ...known, authTime: answeredAt, acr: 'aal1' };
    return { ...known, authTime: factorAt, secondFactorAt: factorAt, acr: 'aal2' };
  }

  const introspect: AskAuthority = async (questions) => {
    batchesAsked += 1;
    if (!reachable) throw new Error('the test authority is unreachable');
    const onward = await Promise.all(questions.map(carryOn));
    return questions.map((question, index) => answer(question, onward[index]));
  };

  const loadRuleSet = async (): Promise<unknown> => {
    if (!reachable || ruleSet === undefined) throw new Error('the test authority gives no rule set');
    return ruleSet;
  };

  return {
    issuer,
    trustDomain,
    clock,
    keys: signing.keys,
    /** Its public keys as a JWK set (RFC 7517 §5), for a test that serves them over HTTP. */
    keySet: signing.keySet,
    introspect,
    /** For `followPolicy`. */
    loadRuleSet,
    /** Puts a rule set into force as it stands, good or not, and tells the feed its version. */
    publishRuleSet: (published: Readonly<{ version: number; rules: readonly object[] }>): void => {
      ruleSet = published;
      feed.append({ kind: 'policy', version: published.version });
    },
    /** For one follower: take it anew for each. */
    get feed() {
      return feed.openSource();
    },
    /** Sends a heartbeat to whoever follows. */
    beat: feed.beat,
    /** What can go wrong with the feed: `stage`, `freeze`, `answer`, `cut`, `restart`. */
    feedFaults: feed,
    ...minting,
    /** Records a second factor now: later tokens and answers of the session carry it. */
    secondFactor: (session: string): void => {
      secondFactors.set(session, clock.epochSeconds());
    },
    /** Later tokens carry the subject's roles, and answers say them at once. */
    setRoles: (subject: string, held: readonly string[]): void => {
      roles.set(subject, held);
    },
    /** Its own state changes before this returns. Answers the feed's position of it, for a consistency token. */
    revoke: (revocation: Revocation): number => {
      revoked.add(revocation, clock.monotonicMs());
      return feed.append(revocation);
    },
    /** As `revoke`, but the feed is never told: the fault that background confirmation finds. */
    revokeUntold: (revocation: Revocation): void => revoked.add(revocation, clock.monotonicMs()),
    /** Orders something across the house. Each call replaces the one before. */
    restrict: (ordered: Omit<Restrictions, 'version'>): number => {
      version += 1;
      return feed.append({ kind: 'restrictions', version, ...ordered });
    },
    /** Answers say of whoever is to be carried on that they are not, with this error code; with `undefined`, that they are. */
    refuseOnward: (error: string | undefined): void => {
      onwardRefused = error;
    },
    rotateKey: signing.rotate,
    /** Publishes without this key from now on. Another must be there. */
    withdrawKey: signing.withdraw,
    /** While unreachable, every question fails. */
    setReachable: (value: boolean): void => {
      reachable = value;
    },
    /** While held, followers hear nothing: the stream stands still and no question is answered. */
    holdFeed: feed.hold,
    questionsAsked: (): number => batchesAsked,
  };
}

/** What `testAuthority` makes. */
export type TestAuthority = Awaited<ReturnType<typeof testAuthority>>;
