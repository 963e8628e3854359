import { systemClock } from '@sallyport/auth';
import { testAuthority } from '@sallyport/auth/testing';
import { exampleService, type ExampleRouter } from '../example-service.ts';
import type { ServeOptions } from '../index.ts';
import { twoSides, type Received, type Sent } from './two-sides.ts';

/** One service twice: once with the direct path, once with tRPC's resolver alone. They believe the same tokens. */
export async function twoResolvers(changes: Partial<ServeOptions<ExampleRouter>> = {}) {
  const authority = await testAuthority(systemClock);
  const direct = await exampleService(changes, authority);
  const official = await exampleService({ ...changes, directCalls: false }, authority);
  const services = [direct, official];
  const sides = twoSides(services.map(({ url, log }) => ({ url, lines: log.lines })));

  return {
    authority,
    direct,
    official,
    /** The same request to both, what each made of it, and the effects that it has had so far. */
    send: async (sent: Sent): Promise<(Received & Readonly<{ effects: number | undefined }>)[]> => {
      const received = await sides.send(sent);
      return received.map((one, index) => ({ ...one, effects: services[index]?.effects.count }));
    },
    stop: async () => {
      sides.stop();
      await direct.stop();
      await official.stop();
    },
  };
}
