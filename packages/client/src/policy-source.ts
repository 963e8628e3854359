import { createTRPCUntypedClient, httpLink } from '@trpc/client';
import type { AnyRouter } from '@trpc/server';
import * as z from 'zod';
import { AuthorityUnavailable, authorityFailure } from './authority-failure.ts';
import { addressedTo, type HttpEndpoint } from './http-endpoint.ts';
import { linkFetchBy } from './link-fetch.ts';
import type { SendRequest } from './send-request.ts';
import { serviceTokenLink } from './service-token-link.ts';
import type { ServiceTokens } from './service-token.ts';

export type PolicySourceOptions = Readonly<{
  endpoint: Pick<HttpEndpoint, 'url'>;
  send: SendRequest;
  tokens: ServiceTokens;
}>;

const audience = 'auth';
const scope = 'policy';

const answerSchema = z.object({ ruleSet: z.unknown() });

/**
 * Asks the authority for the rule set in force. The rule set itself is not looked at here: `followPolicy` reads it strictly.
 * Throws as `askAuthorityOver` does.
 */
export function policySourceOver({
  endpoint,
  send,
  tokens,
}: PolicySourceOptions): (signal: AbortSignal) => Promise<unknown> {
  const client = createTRPCUntypedClient<AnyRouter>({
    links: [
      serviceTokenLink({ tokens, audience, scope }),
      httpLink({ ...addressedTo(endpoint), fetch: linkFetchBy(send) }),
    ],
  });
  return async (signal) => {
    try {
      const output: unknown = await client.query('internal.policy', undefined, { signal });
      const { data, error } = answerSchema.safeParse(output);
      if (data === undefined) throw new AuthorityUnavailable('its rule set has another form', error);
      return data.ruleSet;
    } catch (error) {
      throw authorityFailure(error);
    }
  };
}
