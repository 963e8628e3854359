import { makeConsistencyToken } from '@sallyport/auth';
import { refuse } from '@sallyport/service';
import * as z from 'zod';
import { epochSeconds } from '../moments.ts';
import { demandFullSignIn } from '../second-factor/recent-sign-in.ts';
import { beginEnrolment, confirmEnrolment } from '../second-factor/second-factor.ts';
import { router, trust } from '../trpc.ts';
import { emailOf } from './accounts.ts';
import { endOtherSessions, endOwnSession, listSessions } from './sessions.ts';
import { refuseCode, totpCode } from './sign-in-router.ts';

const scope = 'account';
export const sessionInput = z.strictObject({ session: z.string().regex(/^[0-9a-z]{1,10}\.[A-Za-z0-9_-]{8,16}$/) });

/**
 * What somebody who is signed in does with their own sessions. Whose they are comes from the gate, never from the
 * input.
 */
export const sessionsRouter = router({
  list: trust.authenticatedRead({ scope }).query(async ({ ctx: { authority, principal } }) => {
    const sessions = await listSessions(authority, principal.subject);
    return sessions.map((session) => ({
      id: session.sid,
      current: session.sid === principal.session,
      client: session.clientId,
      /** Epoch seconds, all of them. */
      startedAt: epochSeconds(session.startedAt),
      lastUsedAt: epochSeconds(session.lastUsedAt),
      authTime: epochSeconds(session.authTime),
      secondFactorAt: session.secondFactorAt === null ? undefined : epochSeconds(session.secondFactorAt),
      /** When each factor was shown last, by its `amr` value. */
      factorTimes: session.factorTimes,
      /** For its owner to know it again: as the browser calls itself, from which network, and where that is, if anybody knows. */
      userAgent: session.userAgent ?? undefined,
      network: session.network,
      place: authority.places(session.network)?.name,
      /** Why it is asked for more than others. */
      risk: { level: session.riskLevel, signals: session.riskSignals },
      acr: session.acr,
      expiresAt: epochSeconds(session.absoluteExpiresAt),
    }));
  }),

  end: trust
    .privilegedWrite({ scope })
    .input(sessionInput)
    .mutation(async ({ ctx: { authority, principal }, input }) => {
      const position = await endOwnSession(authority, { subject: principal.subject, sid: input.session });
      // Somebody else's session and none at all are the same answer.
      if (position === undefined)
        return refuse({ code: 'NOT_FOUND', reason: 'not_found', message: 'You have no such session.' });
      return { ended: true, consistencyToken: makeConsistencyToken(position) };
    }),

  endOthers: trust.privilegedWrite({ scope }).mutation(async ({ ctx: { authority, principal } }) => {
    const { subject, session } = principal;
    // Only other issuers' tokens may name none, and none of them is believed here.
    if (session === undefined) throw new Error('A token of this authority names its session.');
    const { sessions, position } = await endOtherSessions(authority, { subject, exceptSid: session });
    return { ended: sessions.length, consistencyToken: makeConsistencyToken(position) };
  }),
});

/** Enrolling a second factor. */
export const totpRouter = router({
  begin: trust.privilegedWrite({ scope }).mutation(async ({ ctx: { authority, principal } }) => {
    await demandFullSignIn(authority, principal);
    const label = (await emailOf(authority, principal.subject)) ?? principal.subject;
    const begun = await beginEnrolment(authority, { subject: principal.subject, label });
    if (begun !== undefined) return begun;
    return refuse({ code: 'CONFLICT', reason: 'already_enrolled', message: 'This account has a second factor.' });
  }),

  confirm: trust
    .privilegedWrite({ scope })
    .input(z.strictObject({ code: totpCode }))
    .mutation(async ({ ctx: { authority, principal }, input }) => {
      await demandFullSignIn(authority, principal);
      const confirmed = await confirmEnrolment(authority, { subject: principal.subject, code: input.code });
      return confirmed ? { confirmed } : refuseCode();
    }),
});
