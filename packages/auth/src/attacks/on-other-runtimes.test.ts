import { afterAll, expect, test, vi } from 'vitest';
import { decodeBase64url } from '../base64url.ts';
import { isCanonicalCompactJws } from '../bearer-token.ts';
import { openSignedToken } from '../signed-token.ts';
import { openForge } from './forge.ts';

// Signatures are checked by Node's own crypto, or by WebCrypto where that is not. What is here runs every attack and vector again, as on
// a runtime that has only WebCrypto. It must be in place before anything else is loaded.
vi.hoisted(() => {
  const getBuiltinModule = process.getBuiltinModule.bind(process);
  const withheld = new Set(['node:buffer', 'node:crypto']);
  vi.spyOn(process, 'getBuiltinModule').mockImplementation((id: string) =>
    withheld.has(id) ? undefined : getBuiltinModule(id),
  );
});
afterAll(() => vi.restoreAllMocks());

test('here, a signature is checked later, and nothing is decoded by Node', async () => {
  expect(decodeBase64url('AQID')).not.toBeInstanceOf(Buffer);
  const { good, authority } = await openForge();
  const token = good();
  const opened = isCanonicalCompactJws(token) ? openSignedToken(token, 'at+jwt', authority.keys) : undefined;
  expect(opened).toBeInstanceOf(Promise);
  expect(await opened).toMatchObject({ outcome: 'signed' });
});

await import('./attack-shapes.test.ts');
await import('./differential.test.ts');
await import('./jose-cookbook.test.ts');
await import('./token-mutations.test.ts');
await import('./token-rules.test.ts');
await import('./wycheproof.test.ts');
await import('./wycheproof-signatures.test.ts');
