import type { RevocationEvent } from '../feed-position.ts';
import type { FeedSource } from '../revocation-feed.ts';
import type { Revocation } from '../revocations.ts';

/** A revocation feed in memory. Followers hear of a revocation at once, unless the feed is held. */
export function testFeed() {
  const events: RevocationEvent[] = [];
  const followers = new Set<() => void>();
  let held = false;

  const source: FeedSource = (from, { onMessage }) => {
    let sent = from ?? 0;
    const send = (): void => {
      if (held) return;
      for (const event of events.slice(sent)) onMessage({ type: 'event', event });
      sent = events.length;
      onMessage({ type: 'heartbeat', position: sent });
    };
    followers.add(send);
    queueMicrotask(() => {
      if (followers.has(send)) send();
    });
    return () => followers.delete(send);
  };

  /** Sends what is new, and a heartbeat. */
  function beat(): void {
    for (const send of followers) send();
  }

  return {
    source,
    beat,
    append: (revocation: Revocation): void => {
      events.push({ position: events.length + 1, ...revocation });
      beat();
    },
    hold: (value: boolean): void => {
      held = value;
    },
  };
}
