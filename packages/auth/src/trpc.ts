import { TRPCError, type AnyTRPCRouter } from '@trpc/server';
import { andThen, isPromise } from './and-then.ts';
import {
  authorizeFresh,
  authorizePublic,
  authorizeService,
  authorizeTransaction,
  authorizeUser,
  authorizeWithSecondFactor,
  twoFactorAcrValues,
  type Standing,
  type Verdict,
} from './authorize.ts';
import { answerDenial, type DenialAnswer } from './challenge.ts';
import type { Denial } from './denial.ts';
import type { Decision } from './gates.ts';
import { onwardOf, wishOf, type OnwardAccess } from './onward.ts';
import type { PolicyUnknown } from './policy.ts';
import type { Principal, PropagatedPrincipal, ServicePrincipal } from './principal.ts';
import {
  needsOf,
  type Access,
  type Asked,
  type Needs,
  type ProcedureAccess,
  type RegulatedAccess,
} from './procedure-access.ts';
import { refuseUnregulated } from './regulated-request.ts';
import type { RequestContext } from './request-context.ts';
import type {
  BaseProcedure,
  CarryingOn,
  Guarded,
  Regulated,
  TrustBuilders,
  TrustContext,
  TrustMeta,
} from './trust-builders.ts';
import type { TrustTier } from './trust-tier.ts';

export type { Access, ProcedureAccess, RegulatedAccess } from './procedure-access.ts';
export type { TrustBuilders, TrustContext, TrustMeta } from './trust-builders.ts';

/** What each gate middleware was made for: a procedure's tier and scopes are read from here, not from its meta. */
const accessOfMiddleware = new WeakMap<object, ProcedureAccess>();

/**
 * The five tiers as procedure builders, made from a service's own `t.procedure`.
 *
 * Each puts what the gates admitted into `ctx.principal`, typed by its evidence; a handler that asks for more than its tier
 * gives does not compile. A "no" is a `TRPCError` with a fixed message, whose `cause` is a `DenialError`.
 */
export function trustTiers<Context extends TrustContext, Shape>(
  procedure: BaseProcedure<Context, Shape>,
): TrustBuilders<Context, Shape> {
  function gate<Admitted extends Admissible>(tier: TrustTier, needs: Needs, decide: Decide<Admitted>) {
    const guarded = procedure.meta({ tier, ...needs }).use(function passGate({ ctx, path, next, getRawInput }) {
      const admitted = admit(requestOf(ctx), { tier, path, decide, getRawInput });
      const pass = (principal: Admitted) => next({ ctx: { principal } });
      return isPromise(admitted) ? admitted.then(pass) : pass(admitted);
    });
    for (const middleware of guarded._def.middlewares.slice(-1)) accessOfMiddleware.set(middleware, { tier, ...needs });
    return guarded;
  }

  /** For whoever calls with a token of their own. */
  function own<Admitted extends Admissible>(tier: TrustTier, access: Asked, judge: Judge<Admitted>) {
    const needs = needsOf(access);
    return gate(tier, needs, { by: 'bearer', verdict: (standing) => judge(standing, needs) });
  }

  function read(access: Access): Guarded<Context, Shape, Principal<'local' | 'degraded' | 'fresh'>>;
  function read(access: Access<'service'>): Guarded<Context, Shape, ServicePrincipal>;
  function read(access: Access<'transaction'>): Guarded<Context, Shape, PropagatedPrincipal>;
  function read(access: Access<'user' | 'service' | 'transaction'>): unknown {
    switch (access.from ?? 'user') {
      case 'user':
        return own('authenticatedRead', access, (standing, { scopes, role }) => authorizeUser(standing, scopes, role));
      case 'service':
        return own('authenticatedRead', access, (standing, { scopes }) => authorizeService(standing, scopes));
      case 'transaction': {
        const needs = needsOf(access);
        const verdict = (standing: Standing) => authorizeTransaction(standing, needs.scopes);
        return gate('authenticatedRead', needs, { by: 'transaction', verdict });
      }
    }
  }

  function regulated(access: RegulatedAccess & Readonly<{ onward: OnwardAccess }>): CarryingOn<Context, Shape>;
  function regulated(access: RegulatedAccess): Regulated<Context, Shape>;
  function regulated({ mfaWithinSeconds, onward, ...access }: RegulatedAccess): unknown {
    const needs = needsOf(access);
    const demand = { withinSeconds: mfaWithinSeconds, acrValues: twoFactorAcrValues, role: needs.role };
    const guarded = gate('regulatedAction', needs, {
      by: 'bearer',
      verdict: (standing) => authorizeWithSecondFactor(standing, needs.scopes, demand),
      precheck: refuseUnregulated,
      onward,
    });
    return guarded.use(async function takeIdempotencyKey({ ctx, next }) {
      const request = requestOf(ctx);
      const leave = onward && { onward: onwardOf(request, await request.standing('bearer')) };
      return next({ ctx: { idempotencyKey: request.idempotencyKeys[0] ?? '', ...leave } });
    });
  }

  return {
    publicRead: () => gate('publicRead', { scopes: [], from: 'user' }, { by: 'bearer', verdict: authorizePublic }),
    authenticatedRead: read,
    standardWrite: (access) =>
      own('standardWrite', access, (standing, { scopes, role }) => authorizeUser(standing, scopes, role)),
    privilegedWrite: (access) =>
      own('privilegedWrite', access, (standing, { scopes, role }) => authorizeFresh(standing, scopes, role)),
    regulatedAction: regulated,
  };
}

type Judge<Admitted> = (standing: Standing, needs: Needs) => Verdict<Admitted>;

/** Whoever a gate lets in; `undefined` is anybody. */
type Admissible = Principal | ServicePrincipal | undefined;

type Decide<Admitted extends Admissible> = Readonly<{
  by: 'bearer' | 'transaction';
  verdict: (standing: Standing) => Verdict<Admitted>;
  /** What the request must be like before its caller matters. */
  precheck?: (request: RequestContext) => Denial | undefined;
  /** What the authority is asked for, besides whether the caller is good. */
  onward?: OnwardAccess | undefined;
}>;

type Call<Admitted extends Admissible> = Readonly<{
  tier: TrustTier;
  path: string;
  decide: Decide<Admitted>;
  getRawInput: () => Promise<unknown>;
}>;

function admit<Admitted extends Admissible>(
  request: RequestContext,
  call: Call<Admitted>,
): Admitted | Promise<Admitted> {
  const { clock } = request.gates;
  const startedAtMs = clock.monotonicMs();
  const closed: Denial | undefined = request.gates.isClosed(call.tier) ? { reason: 'tier_closed' } : undefined;
  const refused = closed ?? call.decide.precheck?.(request);
  const judge = (standing: Standing | Denial): Admitted => judgeCall(request, call, { standing, startedAtMs });
  const { by, onward } = call.decide;
  if (refused === undefined && onward !== undefined && request.authorization.kind === 'token')
    return wishOf(onward, call.getRawInput)
      .then((wish) => request.standing(by, { wish }))
      .then(judge);
  return andThen<Standing | Denial, Admitted>(
    refused ?? request.standing(by, { moment: { clock, monotonicMs: startedAtMs } }),
    judge,
  );
}

type Examined = Readonly<{ standing: Standing | Denial; startedAtMs: number }>;

function judgeCall<Admitted extends Admissible>(
  request: RequestContext,
  { tier, path, decide }: Call<Admitted>,
  { standing, startedAtMs }: Examined,
): Admitted {
  const verdict = 'kind' in standing ? decide.verdict(standing) : { denial: standing };
  const isAdmitted = 'admitted' in verdict;
  const principal: Admissible = isAdmitted ? verdict.admitted : undefined;
  const decision: Decision = {
    path,
    tier,
    outcome: isAdmitted ? 'admitted' : verdict.denial.reason,
    evidence: isAdmitted ? evidenceOf(principal) : undefined,
    subject: principal?.kind === 'user' ? principal.subject : undefined,
    issuer: principal?.issuer,
    client: principal?.client,
    cached: wasCached(standing, startedAtMs) || undefined,
    trace: request.trace,
    tookMs: request.gates.clock.monotonicMs() - startedAtMs,
  };
  request.gates.report(decision, 'kind' in standing ? standing : undefined);
  if ('denial' in verdict) throw denialError(addressed(verdict.denial, request, standing));
  return verdict.admitted;
}

/** Whether a yes of the local gate rests on a check that was made before this call began. */
function wasCached(standing: Standing | Denial, startedAtMs: number): boolean {
  const isLocal = 'evidence' in standing && standing.evidence !== 'fresh';
  return isLocal && standing.checkedAtMs < startedAtMs;
}

/** The denial in the scheme of the request, and with the nonce that its sender needs. */
function addressed(denial: Denial, { authorization }: RequestContext, standing: Standing | Denial): Denial {
  const isProving = 'scheme' in authorization && authorization.scheme === 'DPoP';
  const nonce = 'kind' in standing && standing.kind === 'refused' ? standing.nonce : undefined;
  // A bearer token will not do, however good.
  const scheme = isProving || denial.reason === 'token_unbound' ? 'DPoP' : 'Bearer';
  return { ...denial, scheme, ...(nonce !== undefined && { nonce }) };
}

function evidenceOf(principal: Admissible): string {
  if (principal === undefined) return 'none';
  return principal.kind === 'service' ? 'local' : principal.evidence;
}

// tRPC types a generic context as an unresolved overwrite of itself; the bound on `Context` says what it holds.
function requestOf(context: object): RequestContext {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return (context as TrustContext).request;
}

/** The cause of every `TRPCError` that a gate throws. Its message is for the log. */
export class DenialError extends Error {
  readonly denial: Denial;
  constructor(denial: Denial) {
    super(denial.reason);
    this.name = 'DenialError';
    this.denial = denial;
  }
}

/** The answer of `request.policy`, when there is one. @throws 503 when nobody can say: no rules, or none that are believed */
export function knownByPolicy<Known extends { outcome: string }>(answer: Known | PolicyUnknown): Known {
  if (isUnknown(answer)) throw denialError({ reason: 'policy_unavailable' });
  return answer;
}

function isUnknown(answer: { outcome: string }): answer is PolicyUnknown {
  return answer.outcome === 'unknown';
}

const codeOfStatus = { 400: 'BAD_REQUEST', 401: 'UNAUTHORIZED', 403: 'FORBIDDEN', 503: 'SERVICE_UNAVAILABLE' } as const;

/**
 * A denial as tRPC throws it: a fixed public message, and the HTTP status in `code`. The reason is in `cause`, for the log alone.
 * The `WWW-Authenticate` header is not set by tRPC: `gravestDenial` in a `responseMeta` gives it.
 */
export function denialError(denial: Denial): TRPCError {
  const { status, message } = answerDenial(denial);
  return new TRPCError({ code: codeOfStatus[status], message, cause: new DenialError(denial) });
}

/**
 * The public answer of an error that a gate threw; `undefined` for every other error. For error formatters. It looks at `cause` alone,
 * so an error that was wrapped again is not recognised.
 */
export function denialAnswerOf(error: Error): DenialAnswer | undefined {
  return error.cause instanceof DenialError ? answerDenial(error.cause.denial) : undefined;
}

/** The strongest claim among a batch's denials: outage over forbidden over unauthenticated, so that an outage is never
 * reported as a bad credential. */
export function gravestDenial(errors: readonly Error[]): DenialAnswer | undefined {
  const answers = errors.map(denialAnswerOf).filter((answer) => answer !== undefined);
  return answers.toSorted((one, other) => other.status - one.status)[0];
}

const sealed = Symbol('sealed');

/** A router in which every procedure has exactly one tier. `serve` takes nothing else. */
export type SealedRouter<Router extends AnyTRPCRouter = AnyTRPCRouter> = Readonly<{
  [sealed]: true;
  router: Router;
  tiers: ReadonlyMap<string, TrustTier>;
  /** What each procedure asks of its caller, by its path. */
  access: ReadonlyMap<string, ProcedureAccess>;
}>;

/** Throws, naming every procedure without a tier, with two, without a scope, or whose meta says another tier than its gate. */
export function sealRouter<Router extends AnyTRPCRouter>(router: Router): SealedRouter<Router> {
  const access = new Map<string, ProcedureAccess>();
  const problems: string[] = [];
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- tRPC types the procedures of any router as `any`
  const procedures: Readonly<Record<string, ProcedureShape>> = router._def.procedures;
  for (const [path, procedure] of Object.entries(procedures)) {
    const found = (procedure._def.middlewares ?? []).flatMap((middleware) => accessOfMiddleware.get(middleware) ?? []);
    const [first, second] = found;
    if (first === undefined) problems.push(`${path} has no trust tier`);
    else if (second !== undefined) problems.push(`${path} has two trust tiers`);
    else if (procedure._def.meta?.tier !== first.tier)
      problems.push(`${path} says ${procedure._def.meta?.tier} but its gate is ${first.tier}`);
    else if (first.tier !== 'publicRead' && !first.scopes.every((scope) => scope !== ''))
      problems.push(`${path} asks for no scope`);
    else access.set(path, first);
  }
  if (problems.length > 0) throw new Error(`This router does not start: ${problems.join('; ')}.`);
  const tiers = new Map([...access].map(([path, { tier }]) => [path, tier]));
  return { [sealed]: true, router, tiers, access };
}

type ProcedureShape = { _def: { middlewares?: readonly object[]; meta?: TrustMeta } };
