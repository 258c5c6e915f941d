const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A length of time: milliseconds, or text such as `"90s"`, `"10m"`, `"48h"`, `"3d"`. */
export type Duration = number | `${number}${keyof typeof units}`;

const longestMs = 400 * units.d;

/** Whole milliseconds of a duration, 1 ms to 400 days; null for anything else. Zero is none: say what is meant. */
export function durationMs(value: unknown): number | null {
  const [, amount, unit] =
    typeof value === "string" ? (/^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value) ?? []) : [];
  const ms = typeof value === "number" ? value : Number(amount) * units[unit as keyof typeof units];
  return Number.isInteger(ms) && ms >= 1 && ms <= longestMs ? ms : null;
}

const spans = [
  [units.d, "d"],
  [units.h, "h"],
  [units.m, "m"],
  [units.s, "s"],
] as const;

/** A length of time for people, rounded down to two units at most: `42s`, `9m 30s`, `42m`, `5h 12m`, `36h`, `3d`. */
export function spanText(ms: number): string {
  // Hours up to two days: most times here are planned in hours.
  const at = spans.findIndex(([size, name]) => ms >= size * (name === "d" ? 2 : 1));
  const [size, name] = spans[at] ?? [units.s, "s"];
  const count = Math.floor(ms / size);
  const below = spans[at + 1];
  const rest = below === undefined ? 0 : Math.floor((ms % size) / below[0]);
  return below !== undefined && rest > 0 && count < 10
    ? `${count}${name} ${rest}${below[1]}`
    : `${count}${name}`;
}

/** A duration for people, in its largest whole unit: `48h`, `90s`; where none fits, with a decimal below a minute and rounded down above. */
export function durationText(ms: number): string {
  if (ms < units.s) return `${Math.round(ms)}ms`;
  for (const unit of ["d", "h", "m", "s"] as const) {
    const size = units[unit];
    if (ms >= size && ms % size === 0 && !(unit === "d" && ms < 3 * size)) return `${ms / size}${unit}`;
  }
  return ms < units.m ? `${(ms / units.s).toFixed(1)}s` : spanText(ms);
}
