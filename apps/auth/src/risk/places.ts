/** Roughly where on Earth. Degrees. */
export type Place = Readonly<{
  latitude: number;
  longitude: number;
  /** For people, e.g. `Lisbon, PT`. */ name: string;
}>;

/** Looks a network up. `undefined` where that is not known: nothing follows from it then. A house with a database of places gives one. */
export type FindPlace = (network: string) => Place | undefined;

export const nowhere: FindPlace = () => undefined;

export type Sighting = Readonly<{ place: Place | undefined; at: Date }>;

/** An airliner's. Tables of places are wrong by some hundred kilometres, so short ways say nothing. */
const fastestKmPerHour = 1000;
const leastKm = 500;

/** Whether nobody could have gone from one to the other in that time, in whichever order they came. Pure. */
export function isImpossibleMove(one: Sighting, other: Sighting): boolean {
  if (one.place === undefined || other.place === undefined) return false;
  const km = distanceKm(one.place, other.place);
  const hours = Math.abs(other.at.getTime() - one.at.getTime()) / 3_600_000;
  return km > leastKm && km > hours * fastestKmPerHour;
}

/** Along the surface (haversine). */
function distanceKm(one: Place, other: Place): number {
  const [a, b] = [radians(one.latitude), radians(other.latitude)];
  const north = Math.sin((b - a) / 2) ** 2;
  const east = Math.sin(radians(other.longitude - one.longitude) / 2) ** 2;
  return 2 * 6371 * Math.asin(Math.min(1, Math.sqrt(north + Math.cos(a) * Math.cos(b) * east)));
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
