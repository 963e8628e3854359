import type { BreakerTransition } from '@sallyport/auth';
import type { Log } from './log.ts';

/** One line when the breaker in front of the authority opens, and one when it closes. For `guardedAuthority`. */
export function breakerLog(log: Log): (transition: BreakerTransition) => void {
  return (transition) => {
    if (transition.to === 'closed') return log.info(transition, 'breaker');
    const { error: err, ...opened } = transition;
    log.error({ ...opened, err }, 'breaker');
  };
}
