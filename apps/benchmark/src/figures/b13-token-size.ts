import { openTokenIssue } from '@sallyport/auth-service/measured';
import type { Figure } from '../figure.ts';

const audiences = {
  catalog: ['catalog:read', 'catalog:write'],
  payments: ['payments:read', 'payments:write'],
} as const;

/** What travels with every request. */
export const tokenSize: Figure = {
  id: 'B13',
  title: 'Bytes of an access token: the seven required claims, sid, scope, acr and auth_time',
  seconds: { quick: 0, full: 0 },
  open: async () => {
    const issuer = 'https://auth.sallyport.example';
    const { issue } = openTokenIssue(issuer);
    return {
      kind: 'readings',
      read: async () =>
        Object.entries(audiences).map(([audience, scope]) => ({
          name: `for ${audience}, scope ${scope.join(' ')}`,
          value: issue({ audience, scope }).length,
          unit: 'bytes' as const,
          bound: { atMost: 480 },
        })),
      notes: [`ES256, issuer ${issuer}. Four characters of a token hold three of its issuer’s address and scopes.`],
      close: async () => {},
    };
  },
};
