import { defineConfig } from 'vitest/config';

// For Stryker, which runs it from a copy of this folder. Only the tests that are about the files it changes, and of those the
// quick ones: each change runs every test that reaches it.
export default defineConfig({
  test: {
    include: [
      'src/{authorize,authorize-oracle,authorize-scopes,bearer-token,bearer-token-edges,claims,opaque-token,strict-json,strict-json-limits,roles,propagation}.test.ts',
      'src/{local-verifier,signed-token,signature-check,der-signature,and-then,foreign-tokens,caching-verifier,caching-verifier-room,sightings}.test.ts',
      'src/{coalescing-authority,coalescing-answers,coalescing-deadlines,gates,onward}.test.ts',
      'src/attacks/{attack-shapes,token-rules}.test.ts',
    ],
    testTimeout: 20_000,
  },
});
