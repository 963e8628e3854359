import type pg from 'pg';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { ThrottleStore } from './throttle.ts';

/**
 * Counts in PostgreSQL: one upsert for each `add`, by a statement that is prepared once per connection. The windows are
 * ours (`throttle.ts`); the library's own time, which follows the process's clock, only says when a row may go.
 */
export function postgresStore(pool: pg.Pool): ThrottleStore {
  const limiter = new RateLimiterPostgres({
    storeClient: pool,
    storeType: 'pool',
    tableName: 'throttle_points',
    tableCreated: true,
    clearExpiredByTimeout: false,
    keyPrefix: '',
    // The limits are the throttle's: here nothing is ever over.
    points: 2 ** 31 - 1,
    duration: 1,
  });
  return {
    async add(key, cost, keepSeconds) {
      try {
        return (await limiter.consume(key, cost, { customDuration: keepSeconds })).consumedPoints;
      } catch (error) {
        if (error instanceof RateLimiterRes) return error.consumedPoints;
        throw error;
      }
    },
    forget: async (key) => void (await limiter.delete(key)),
  };
}
