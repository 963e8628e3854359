import type { Log } from './log.ts';
import type { Route } from './routes.ts';

/** Says of each part that the service needs whether it is there. */
export type Readiness = () => Promise<Readonly<Record<string, boolean>>>;

/** Numbers to look at beside that, each with its unit in its name. `Infinity` is told as `null`. They decide nothing. */
export type Readings = () => Readonly<Record<string, number>>;

const answerWithinMs = 2000;

type HealthOptions = Readonly<{ name: string; readiness: Readiness; readings?: Readings; log: Log }>;

/**
 * `/healthz`: the process lives; a failure means "restart me". `/readyz`: it can do its work; a failure means "send nobody
 * here just now", with the part that is missing.
 */
export function healthRoutes({ name, readiness, readings, log }: HealthOptions): readonly Route[] {
  return [
    { method: 'GET', path: '/healthz', handle: async () => ({ status: 200, json: { service: name, alive: true } }) },
    {
      method: 'GET',
      path: '/readyz',
      handle: async () => {
        const parts = await askParts(readiness, log);
        const values = Object.values(parts);
        const isReady = values.every((isThere) => isThere);
        const json = { ready: isReady, parts, ...(readings && { readings: readings() }) };
        return isReady ? { status: 200, json } : { status: 503, headers: { 'Retry-After': '1' }, json };
      },
    },
  ];
}

async function askParts(readiness: Readiness, log: Log): Promise<Readonly<Record<string, boolean>>> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('The parts did not answer in time.')), answerWithinMs);
  try {
    return await Promise.race([readiness(), tooLate]);
  } catch (error) {
    log.warn({ err: error }, 'readiness could not be determined');
    return { readiness: false };
  } finally {
    clearTimeout(timer);
  }
}
