const sets = 2 ** 15;
const ways = 4;
const charactersRead = 12;

/** Which texts came before, by their marks. A guess: it may decide what is worth keeping or looking for, never what is believed. */
export type Sightings = Readonly<{
  has: (mark: number) => boolean;
  /** For a mark that is not there. */
  add: (mark: number) => void;
}>;

/**
 * Remembers texts by a mark of 32 bits of their last characters, which are random in a signed token. Marks share a place with three others:
 * steady texts do not drive each other out, and of many that pass the oldest goes. Takes 512 KiB, whatever it is shown. A Map asked about a
 * text instead costs memory for each text that it does not have: V8 copies the text to its old objects, where it stays for seconds.
 */
export function sightings(): Sightings {
  const marks = new Int32Array(sets * ways);
  return {
    has: (mark) => {
      const first = placeOf(mark);
      for (let at = first; at < first + ways; at += 1) if (marks[at] === mark) return true;
      return false;
    },
    add: (mark) => {
      const first = placeOf(mark);
      // One by one: `copyWithin` leaves compiled code, and what one request calls once is cold.
      for (let at = first + ways - 1; at > first; at -= 1) marks[at] = marks[at - 1] ?? 0;
      marks[first] = mark;
    },
  };
}

function placeOf(mark: number): number {
  return (mark & (sets - 1)) * ways;
}

/** 32 bits of a text's last characters. Never 0, which stands where there is no mark. */
export function markOf(text: string): number {
  let mark = 1;
  for (let at = Math.max(0, text.length - charactersRead); at < text.length; at += 1)
    mark = (Math.imul(mark, 31) + text.charCodeAt(at)) | 0;
  return mark || 1;
}
