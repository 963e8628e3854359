import { reasonOf } from '@sallyport/client';

/** What an answer of the authority means here, where that is something to put right; `undefined` where it only is to be told. */
export function explainAnswer(error: unknown): string | undefined {
  switch (reasonOf(error)) {
    case 'invalid_input':
      return 'The authority does not take this: see --help for what the command needs.';
    case 'invalid_token':
    case 'unauthenticated':
      return 'The session is over: say "sign-in <e-mail>" again.';
    case 'access_denied':
      return 'Your roles at the audience admin do not cover this.';
    case 'unmet_authentication_requirements':
      return 'Your account has no second factor: enrol one first.';
    default:
      return undefined;
  }
}
