const places = 2 ** 16;
const charactersRead = 12;

/** Which texts came before. A guess: it may decide what is worth keeping or looking for, never what is believed. */
export type Sightings = Readonly<{ has: (text: string) => boolean; add: (text: string) => void }>;

/**
 * Remembers texts by a mark of 32 bits of their last characters, which are random in a signed token. Many that come drive older ones
 * out. Takes 256 KiB, whatever it is shown. A Map asked about a text instead costs memory for each text that it does not have: V8 copies
 * the text to its old objects, where it stays for seconds.
 */
export function sightings(): Sightings {
  const marks = new Uint32Array(places);
  return {
    has: (text) => {
      const mark = markOf(text);
      return marks[mark % places] === mark;
    },
    add: (text) => {
      const mark = markOf(text);
      marks[mark % places] = mark;
    },
  };
}

/** Never 0, which stands where there is no mark. */
function markOf(text: string): number {
  let mark = 1;
  for (let at = Math.max(0, text.length - charactersRead); at < text.length; at += 1)
    mark = Math.imul(mark, 31) + text.charCodeAt(at);
  return mark >>> 0 || 1;
}
