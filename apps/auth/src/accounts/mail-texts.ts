import { actionTokenSeconds, type ActionKind } from './action-tokens.ts';
import type { Mail } from './mail.ts';

const hello = 'Hello,\n\n';
const notYou = '\n\nIf that was not you, you need not do anything.\n';

const actions: Readonly<Record<ActionKind, Readonly<{ subject: string; ask: string }>>> = {
  'password reset': {
    subject: 'Set a new password',
    ask: 'somebody asked for a new password for your account. Set it with this token',
  },
  'e-mail verification': {
    subject: 'Confirm your e-mail address',
    ask: 'confirm that this address is yours with this token',
  },
};

/** A mail with a token that does something. */
export function actionMail(to: string, kind: ActionKind, token: string): Mail {
  const { subject, ask } = actions[kind];
  const minutes = Math.floor(actionTokenSeconds[kind] / 60);
  const text = `${hello}${ask}, within ${minutes} minutes:\n\n${token}${notYou}`;
  return { to, kind, token, subject, text };
}

export function passwordChangedMail(to: string): Mail {
  const text = `${hello}the password of your account was changed. If that was not you, ask for a new one now.\n`;
  return { to, kind: 'password changed', subject: 'Your password was changed', text };
}

/** `change` goes on from "of your account:", and holds nothing that anybody typed. */
export function signInChangedMail(to: string, change: string): Mail {
  const text = `${hello}something changed in how one signs in to your account: ${change}. If that was not you, sign in, end all other sessions and set a new password.\n`;
  return { to, kind: 'sign-in changed', subject: 'How you sign in was changed', text };
}

export function accountExistsMail(to: string): Mail {
  const text = `${hello}somebody wanted to sign up with this address, which has an account already. If you forgot its password, ask for a new one.${notYou}`;
  return { to, kind: 'account exists', subject: 'You have an account already', text };
}
