import type { TRPCProcedureBuilder, TRPCUnsetMarker } from '@trpc/server';
import type { Onward, OnwardAccess } from './onward.ts';
import type { Principal, PropagatedPrincipal, ServicePrincipal } from './principal.ts';
import type { Access, ProcedureAccess, RegulatedAccess } from './procedure-access.ts';
import type { RequestContext } from './request-context.ts';
import type { TrustTier } from './trust-tier.ts';

/** What a service's tRPC context must hold. */
export type TrustContext = { readonly request: RequestContext };

/** Mirrors the tier of a procedure, for reading. The tier that counts sits in the builder's closure. */
export type TrustMeta = {
  readonly tier?: TrustTier;
  readonly scopes?: readonly string[];
  readonly role?: string;
  readonly from?: ProcedureAccess['from'];
};

export type BaseProcedure<Context, Shape, Overrides = object> = TRPCProcedureBuilder<
  Context,
  TrustMeta,
  Overrides,
  TRPCUnsetMarker,
  TRPCUnsetMarker,
  TRPCUnsetMarker,
  TRPCUnsetMarker,
  false,
  Shape
>;

export type Guarded<Context, Shape, Admitted> = BaseProcedure<Context, Shape, { principal: Admitted }>;

/** What `trustTiers` makes: one builder per tier, each a `t.procedure` whose `ctx.principal` is typed by the tier's evidence. */
export type TrustBuilders<Context, Shape> = Readonly<{
  /** Anybody. `ctx.principal` is there when a good token came along; a bad one is refused, an unknown one ignored. */
  publicRead: () => Guarded<Context, Shape, Principal<'local' | 'degraded' | 'fresh'> | undefined>;
  /** The local gate. Serves on `degraded` evidence through 60 s of a silent feed, then answers 503. */
  authenticatedRead: {
    (access: Access): Guarded<Context, Shape, Principal<'local' | 'degraded' | 'fresh'>>;
    (access: Access<'service'>): Guarded<Context, Shape, ServicePrincipal>;
    (access: Access<'transaction'>): Guarded<Context, Shape, PropagatedPrincipal>;
  };
  /** The local gate with a live feed; after 10 s of silence it asks the authority instead. */
  standardWrite: (access: Access) => Guarded<Context, Shape, Principal<'local' | 'degraded' | 'fresh'>>;
  /** The fresh gate. */
  privilegedWrite: (access: Access) => Guarded<Context, Shape, Principal<'fresh'>>;
  /** The fresh gate, a second factor within N seconds, an `Idempotency-Key`, and a request of its own. */
  regulatedAction: {
    (access: RegulatedAccess & Readonly<{ onward: OnwardAccess }>): CarryingOn<Context, Shape>;
    (access: RegulatedAccess): Regulated<Context, Shape>;
  };
}>;

export type Regulated<Context, Shape> = BaseProcedure<
  Context,
  Shape,
  { principal: Principal<'fresh+mfa'>; idempotencyKey: string }
>;

/** With the leave to call the next service in the caller's name: for the house's own people only, so it may be missing. */
export type CarryingOn<Context, Shape> = BaseProcedure<
  Context,
  Shape,
  { principal: Principal<'fresh+mfa'>; idempotencyKey: string; onward: Onward | undefined }
>;
