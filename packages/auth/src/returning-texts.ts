import { markOf, sightings } from './sightings.ts';

/** What was found out about texts, by the whole text. */
export type ReturningTexts<Value> = Readonly<{
  get: (text: string) => Value | undefined;
  /** For a text that `get` did not know. The same value is given to many, so nobody may change it. */
  set: (text: string, value: Value) => void;
}>;

type Bounds = Readonly<{ maxTexts: number; /** Characters. */ maxLength: number }>;

/**
 * Remembers values of texts from the second time on that a text is set: what comes once leaves nothing but its mark. All are forgotten when
 * there are too many.
 *
 * Kept by marks, and then the whole text is compared: to find a text itself in a Map, V8 has to read it letter by letter first.
 */
export function returningTexts<Value>({ maxTexts, maxLength }: Bounds): ReturningTexts<Value> {
  const kept = new Map<number, Readonly<{ text: string; value: Value }>>();
  const seen = sightings();
  return {
    get: (text) => {
      const entry = kept.get(markOf(text));
      return entry?.text === text ? entry.value : undefined;
    },
    set: (text, value) => {
      if (text.length > maxLength) return;
      const mark = markOf(text);
      if (!seen.has(mark)) return seen.add(mark);
      if (kept.size >= maxTexts) kept.clear();
      kept.set(mark, { text, value });
    },
  };
}
