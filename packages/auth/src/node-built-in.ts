import type { CryptoKey } from 'jose';

/** What is used of Node's own modules. Declared here, because the package is also built for where there are none. */
type BuiltIns = Readonly<{
  'node:buffer': Readonly<{ Buffer: Readonly<{ from: (text: string, encoding: 'base64url') => Uint8Array }> }>;
  'node:crypto': Readonly<{
    KeyObject: Readonly<{ from: (key: CryptoKey) => object }>;
    verify: (...given: [digest: string | null, input: Uint8Array, key: object, signature: Uint8Array]) => boolean;
  }>;
}>;

/**
 * A module of Node's own, where this is Node from 22.3 on. Other runtimes have modules of the same names, which are their own
 * rebuilding: none of them is used.
 */
export function nodeBuiltIn<Name extends keyof BuiltIns>(name: Name): BuiltIns[Name] | undefined {
  const { navigator, process } = globalThis as {
    navigator?: { userAgent?: string };
    process?: { getBuiltinModule?: (name: Name) => BuiltIns[Name] | undefined };
  };
  return navigator?.userAgent?.startsWith('Node.js/') ? process?.getBuiltinModule?.(name) : undefined;
}
