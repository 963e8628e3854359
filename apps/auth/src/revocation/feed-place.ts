/**
 * Where a follower stands: a position, and when its row was recorded. Two histories of one database (it was restored, or
 * another server took over) have the same positions, and other rows there.
 */
export type FeedPlace = Readonly<{ position: number; recordedAt: Date | undefined }>;

/** As text, for an event id: `<position>.<milliseconds in base 36>`, or `0`. */
export function writeFeedPlace({ position, recordedAt }: FeedPlace): string {
  return recordedAt === undefined ? String(position) : `${position}.${recordedAt.getTime().toString(36)}`;
}

export const feedPlaceGrammar = /^(0|[1-9][0-9]{0,14})(?:\.([0-9a-z]{1,10}))?$/;

/** Answers `undefined` for a text that is no place. */
export function readFeedPlace(text: string): FeedPlace | undefined {
  const [, position, recordedAt] = feedPlaceGrammar.exec(text) ?? [];
  if (position === undefined) return undefined;
  return {
    position: Number(position),
    recordedAt: recordedAt === undefined ? undefined : new Date(Number.parseInt(recordedAt, 36)),
  };
}

/** Whether the row is the one that stood at the place when it was reached. */
export function isSamePlace(
  place: FeedPlace,
  row: Readonly<{ event: Readonly<{ position: number }>; recordedAt: Date }>,
): boolean {
  return row.event.position === place.position && row.recordedAt.getTime() === place.recordedAt?.getTime();
}
