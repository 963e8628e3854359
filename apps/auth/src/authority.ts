import type { ProofVerifier } from '@sallyport/auth';
import type { Log } from '@sallyport/service';
import type { Later, SendMail } from './accounts/mail.ts';
import type { AuthDatabase } from './database.ts';
import type { Providers } from './identities/providers.ts';
import type { Introspection } from './introspection/introspection.ts';
import type { KeyRing } from './keys/key-ring.ts';
import type { Sealer } from './keys/sealed-secret.ts';
import type { Now } from './moments.ts';
import type { RelyingParty } from './passkeys/relying-party.ts';
import type { HeldRestrictions } from './restrictions/restrictions.ts';
import type { FindPlace } from './risk/places.ts';
import type { Passwords } from './sign-in/passwords.ts';
import type { Throttle } from './throttle/throttle.ts';

/** What the authority's work needs. Made once per process, in `open-authority.ts`. */
export type Authority = Readonly<{
  /** Its public address: `iss` of every token, `aud` of every client assertion. */
  issuer: string;
  database: AuthDatabase;
  keys: KeyRing;
  sealer: Sealer;
  passwords: Passwords;
  /** Where else people may sign in. */
  providers: Providers;
  /** Whom passkeys are made for. */
  relyingParty: RelyingParty;
  /** Asks the database now about many tokens. */
  introspect: Introspection['introspect'];
  /** The same, with what clients may carry people on with. */
  introspectToCarry: Introspection['introspectToCarry'];
  sendMail: SendMail;
  /** Work that no answer waits for. */
  later: Later;
  /** Where a network is. */
  places: FindPlace;
  /** Who may ask how often. */
  throttle: Throttle;
  /** Checks proofs of possession, and remembers them for all instances. */
  proofs: ProofVerifier;
  /** What is ordered across the house, as this process knows it. */
  restrictions: HeldRestrictions;
  now: Now;
  log: Log;
}>;
