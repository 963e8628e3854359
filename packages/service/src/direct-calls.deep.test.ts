import fc from 'fast-check';
import { expect, test } from 'vitest';
import { callRequests } from './testing/call-requests.ts';
import { twoResolvers } from './testing/two-resolvers.ts';

test('twenty thousand requests tell nobody whether they were answered directly or by tRPC', async () => {
  const two = await twoResolvers({ allowedOrigins: ['http://localhost:5173'] });
  const token = { audience: 'example', scope: 'example:read' };
  const good = await two.authority.userToken(token);
  const foreign = await two.authority.foreignToken(token);
  await fc.assert(
    fc.asyncProperty(callRequests({ good, foreign }), async (sent) => {
      const [direct, official] = await two.send(sent);
      expect(direct).toEqual(official);
    }),
    { numRuns: 20_000 },
  );
  await two.stop();
});
