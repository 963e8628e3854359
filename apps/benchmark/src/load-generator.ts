import type { Latency, Round } from './figure.ts';
import { startMeasured } from './measured-process.ts';
import type { Pinning } from './pinning.ts';

/** One request, over and over. */
export type LoadRequest = Readonly<{
  method?: 'GET' | 'POST';
  path: string;
  headers?: Readonly<Record<string, string>>;
  body?: string;
}>;

export type Load = Readonly<{
  /** Origin, `http://127.0.0.1:port`. */
  url: string;
  /** Sent in turns. The same list, again, is not handed over again: reading a long one takes the load's processor a while. */
  requests: readonly LoadRequest[];
  /** Each sends its next request when it has its answer. They stay open for the next load of the same origin. */
  connections: number;
  /** Of which the first 150 ms, and no more than a quarter, are not counted. */
  forMs: number;
  /**
   * Never sleeps: without, a slower server pays for waking an idle processor with each answer, which a faster one does not. Only
   * for a processor that the load has to itself. Default: false.
   */
  polls?: boolean;
  /** Status that every answer must have. Default 200. */
  status?: number;
  /** What every body must contain. Default: anything. */
  containing?: string;
}>;

/**
 * `place`: where its requests are, in the load's own process; put there first when they come along. `pid`: the process whose use of the
 * processor is watched from the first request to the last answer.
 */
export type LoadOrder = Omit<Load, 'requests'> &
  Readonly<{ place: number; requests?: readonly LoadRequest[]; pid?: number }>;
export type LoadAnswer = Readonly<{ answered: number; ms: number; latency: Latency; coreShare?: number }>;

export type LoadGenerator = Readonly<{
  /**
   * Sends load for a while. Rejects when any answer was not the expected one, or a connection broke. With `pid`, the
   * round says which share of a core that process used meanwhile.
   */
  send: (load: Load, pid?: number) => Promise<Round>;
  stop: () => Promise<void>;
}>;

/** Lists of requests that are kept: more than the contestants of any figure. */
const places = 32;

/** A process of its own: Node's own HTTP client would be slower than the servers it is to drive. */
export async function startLoadGenerator({ rest }: Pinning): Promise<LoadGenerator> {
  const generator = await startMeasured({ program: 'load.ts', launcher: rest });
  const kept: Pick<Load, 'url' | 'requests'>[] = [];
  let handedOver = 0;
  const orderOf = ({ requests, ...load }: Load): LoadOrder => {
    const known = kept.findIndex((other) => other.requests === requests && other.url === load.url);
    if (known !== -1) return { ...load, place: known };
    const place = handedOver++ % places;
    kept[place] = { url: load.url, requests };
    return { ...load, place, requests };
  };
  return {
    send: async (load, pid) => {
      const order = { ...orderOf(load), pid };
      const { answered, ms, latency, coreShare } = await generator.order<LoadAnswer>('send', order);
      return { perSecond: (answered / ms) * 1000, latency, ...(coreShare !== undefined && { coreShare }) };
    },
    stop: generator.stop,
  };
}
