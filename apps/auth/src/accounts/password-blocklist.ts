import { dictionary } from '@zxcvbn-ts/language-common';
import { normalise } from '../sign-in/passwords.ts';

export type Blocked = 'too_common' | 'too_regular' | 'names_you_or_us';

/** Said to whoever chose it (NIST SP 800-63B-4 §3.1.1.2: "SHALL provide the reason for rejection"). */
export const blockedMessages: Readonly<Record<Blocked, string>> = {
  too_common: 'This password is on the list of those that are tried first. Choose another one.',
  too_regular: 'This password is one piece repeated, or a row of neighbours. Choose another one.',
  names_you_or_us:
    'This password is little more than your e-mail address or the name of this service. Choose another one.',
};

/** 49,000 passwords that are found most often in leaks, in small letters. */
const known: ReadonlySet<string> = new Set(dictionary['passwords-common']);

/** Whoever guesses starts with these, whatever else stands around them. */
const ourNames = ['sallyport'];

/** What must be left of a password when names are taken out, and what may stand around a known one. */
const leastOwnLength = 8;

/**
 * Why a password must not be set, or `undefined`. Compared without case, as a whole: a list entry somewhere inside a long
 * password is no harm, and is not looked for. `email`: whose it would be.
 */
export function blockedBecause(password: string, email: string | undefined): Blocked | undefined {
  const text = normalise(password).toLowerCase();
  if (isKnown(text)) return 'too_common';
  if (isRepeated(text) || isRow(text)) return 'too_regular';
  const left = namesOf(email).reduce((rest, name) => rest.replaceAll(name, ''), text);
  return left !== text && Array.from(left).length < leastOwnLength ? 'names_you_or_us' : undefined;
}

/** On the list, or an entry of it with a few digits and signs around, or once more behind itself. */
function isKnown(text: string): boolean {
  const core = text.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
  const isPadded = core.length >= 4 && text.length - core.length <= leastOwnLength && known.has(core);
  return known.has(text) || isPadded || known.has(text.replaceAll(/\s/g, ''));
}

/** `abcabcabcabcab`: one piece again and again, cut off or not. Short, or a known password. */
function isRepeated(text: string): boolean {
  const most = Math.floor(text.length / 2);
  return Array.from({ length: most }, (_, index) => text.slice(0, index + 1)).some(
    (piece) =>
      (piece.length <= leastOwnLength || known.has(piece)) &&
      piece.repeat(Math.ceil(text.length / piece.length)).startsWith(text),
  );
}

/** `123456789012345`, `abcdefghijklmnop`, `zyxw…`: each code point is its neighbour's neighbour; 9 and 0 are neighbours too. */
function isRow(text: string): boolean {
  const points = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const steps = points.slice(1).map((point, index) => point - (points[index] ?? 0));
  return [1, -1].some((step) => steps.every((one) => one === step || one === -9 * step));
}

function namesOf(email: string | undefined): readonly string[] {
  const [local = '', domain = ''] = (email ?? '').toLowerCase().split('@');
  const parts = [local, domain, ...local.split(/[._+-]/), ...domain.split('.'), ...ourNames];
  return [email?.toLowerCase() ?? '', ...parts]
    .filter((name) => name.length >= 4)
    .toSorted((a, b) => b.length - a.length);
}
