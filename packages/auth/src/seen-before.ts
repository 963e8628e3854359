const places = 2 ** 16;
const charactersRead = 12;

/**
 * Tells whether a text was shown before, so that nothing is kept of what comes only once. A guess, from the last characters, which are
 * random in a signed token, and soon forgotten when many texts come: it may decide what is worth keeping, never what is believed.
 * Takes 256 KiB, whatever it is shown.
 */
export function seenBefore(): (text: string) => boolean {
  const marks = new Uint32Array(places);
  return (text) => {
    const mark = markOf(text);
    const place = mark % places;
    const isKnown = marks[place] === mark;
    marks[place] = mark;
    return isKnown;
  };
}

/** Never 0, which stands where there is no mark. */
function markOf(text: string): number {
  let mark = 1;
  for (let at = Math.max(0, text.length - charactersRead); at < text.length; at += 1)
    mark = Math.imul(mark, 31) + text.charCodeAt(at);
  return mark >>> 0 || 1;
}
