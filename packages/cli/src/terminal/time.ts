const units = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "m"],
  [1_000, "s"],
] as const;

/** A length of time for people, in two units at most: `42s`, `9m 30s`, `42m`, `5h 12m`, `23h`, `3d`. */
export function spanText(ms: number): string {
  // Hours up to two days: most times here are planned in hours.
  const at = units.findIndex(([size, name]) => ms >= size * (name === "d" ? 2 : 1));
  const [size, name] = units[at] ?? [1_000, "s"];
  const count = Math.floor(ms / size);
  const below = units[at + 1];
  const rest = below === undefined ? 0 : Math.floor((ms % size) / below[0]);
  return below !== undefined && rest > 0 && count < 10
    ? `${count}${name} ${rest}${below[1]}`
    : `${count}${name}`;
}

/** How long ago, for people. */
export function ago(at: number, now: number): string {
  const ms = now - at;
  return ms < 1_000 ? "now" : `${spanText(ms)} ago`;
}

/** How long until, for people; `over` once it has passed. */
export function until(at: number, now: number): string {
  return at <= now ? "over" : `in ${spanText(at - now)}`;
}

/** A moment, in UTC. */
export function moment(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")}Z`;
}
