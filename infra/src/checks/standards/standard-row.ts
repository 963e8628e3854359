/** One thing that a standard, or a bug that somebody else had, asks of this system. */
export type StandardRow = Readonly<{
  /** Three letters and two digits: stands in the title of every test that proves it. */
  id: `${string}-${string}`;
  /** Where it is asked: section of the standard. */
  where: string;
  level: 'must' | 'should' | 'house';
  asked: string;
  /** Why it has no test: what it asks about does not exist here. */
  notHere?: string;
}>;

/** Rows of one standard. */
export type Standard = Readonly<{ title: string; rows: readonly StandardRow[] }>;
