/**
 * What must never stand in a log, wherever it came from: signed tokens, long random strings (refresh tokens, keys, seeds),
 * and the password in a URL. The last defence; the first is not to log such things.
 */
export function redact(text: string): string {
  return text
    .replace(/eyJ[\w-]{8,}(?:\.[\w-]*)*/g, '[redacted]')
    .replace(/(?<![\w-])[\w-]{40,}/g, '[redacted]')
    .replace(/:\/\/[^\s/@"]+@/g, '://[redacted]@');
}

/** One line that no terminal and no reader splits or obeys: controls, and the separators that JSON leaves as they are. */
export function singleLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are the characters to keep out
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

const maxRemembered = 1000;
const maxRememberedLength = 200;
const remembered = new Map<string, string>();

/** A text as JSON that may stand in a log. Texts in which there is nothing to hide are remembered: most come again and again. */
export function shownText(text: string): string {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const shown = singleLine(redact(JSON.stringify(text)));
  // A key of its own: `text` may be cut from a long address, and would keep it.
  const key = shown.slice(1, -1);
  if (key !== text || key.length > maxRememberedLength) return shown;
  // Whoever sends texts that never come again makes us forget; that costs time and no memory.
  if (remembered.size >= maxRemembered) remembered.clear();
  remembered.set(key, shown);
  return shown;
}
