import type { Forge } from './forge.ts';

/** A named way to make tokens that must not be accepted. */
export type AttackShape = readonly [
  name: string,
  make: (forge: Forge) => readonly string[],
  /** What the caller hears; `invalid_token` unless the header itself is out of bounds. */
  heard?: 'invalid_request',
];

/** One shape for each value of a claim, in a token that is signed for real. */
export function claimShapes(
  claim: string,
  values: readonly (readonly [name: string, value: unknown])[],
): AttackShape[] {
  return values.map(([name, value]) => [`${claim}: ${name}`, ({ signed }) => [signed({ [claim]: value })]]);
}

/** One shape for each value of a header member, in a token that is signed for real. */
export function headerShapes(
  member: string,
  values: readonly (readonly [name: string, value: unknown])[],
): AttackShape[] {
  return values.map(([name, value]) => [`${member}: ${name}`, ({ signed }) => [signed({}, { [member]: value })]]);
}
