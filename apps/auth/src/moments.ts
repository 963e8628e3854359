/** Milliseconds since 1970. Injected, so that tests can hold the time. */
export type Now = () => number;

export function epochSeconds(moment: Date): number {
  return Math.floor(moment.getTime() / 1000);
}

export function after(moment: Date, seconds: number): Date {
  return new Date(moment.getTime() + seconds * 1000);
}

export function earlier(one: Date, other: Date): Date {
  return one < other ? one : other;
}
