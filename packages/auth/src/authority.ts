import type { OnwardAnswer, OnwardQuestion } from './onward.ts';

/** One question to the authority: is this token, whose signature we checked, still good? Identifiers only. */
export type IntrospectionQuestion = Readonly<{
  tokenId: string;
  session: string;
  subject: string;
  client: string;
  /** Asks besides for a transaction token, to carry the caller on with. */
  onward?: OnwardQuestion;
}>;

/** Times are the authority's epoch seconds. `answeredAt` is its clock when it answered. */
export type IntrospectionAnswer =
  | Readonly<{ active: false }>
  | Readonly<{
      active: true;
      authTime: number;
      secondFactorAt?: number | undefined;
      acr: string;
      /**
       * The authority wants a second factor for this session that is at most so old, in seconds, whatever a procedure asks for:
       * something about the session looks wrong. Left out for all others.
       */
      secondFactorWithinSeconds?: number | undefined;
      /** The subject's roles now, at the service that asks. Left out by an authority that keeps none: the token's count. */
      roles?: readonly string[] | undefined;
      /** There when it was asked for. */
      onward?: OnwardAnswer | undefined;
      answeredAt: number;
    }>;

/**
 * Asks the authority about many tokens in one call: as many answers as questions, in their order, all read after the call
 * began. Rejects when it cannot answer; it never answers for a part.
 */
export type AskAuthority = (
  questions: readonly IntrospectionQuestion[],
  signal: AbortSignal,
) => Promise<readonly IntrospectionAnswer[]>;

/** Questions in one call, at most, where nobody says otherwise: as many as the house's authority takes. */
export const maxQuestions = 128;

/** Asks about one token. Rejects when there is no answer in time. */
export type AskAboutOne = (question: IntrospectionQuestion) => Promise<IntrospectionAnswer>;
