import type { Caller } from '../caller.ts';
import { byPassword } from '../sign-in/proof.ts';
import type { SignIn } from '../sign-in/sessions.ts';
import { adaSubject } from './running-authority.ts';

const someCaller: Caller = { network: '192.0.2.7', userAgent: 'a browser' };

/** Ada, who has just given her password to the web client. */
export const adaByPassword: SignIn = {
  subject: adaSubject,
  clientId: 'web',
  proof: byPassword,
  caller: someCaller,
};
