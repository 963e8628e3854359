/** For text that may be anything: what is not JSON parses to `undefined`, which no schema takes for a value. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
