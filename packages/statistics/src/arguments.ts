/** Marks what `isVerdigrisError` of `@verdigris/contracts` recognises, whichever package and copy it was thrown by. */
const brand = Symbol.for("verdigris.error");

/** The same error that every other package throws for misuse, made without depending on any of them. */
class InvalidArgumentError extends TypeError {
  override readonly name: string = "InvalidArgumentError";
  readonly code = "invalid-argument" as const;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(argument: string, problem: string) {
    super(`${argument} ${problem}`);
    this.details = { argument };
    Object.defineProperty(this, brand, { value: true });
  }
}

function shown(value: unknown): string {
  return typeof value === "number" ? String(value) : typeof value;
}

/** Throws `invalid-argument` with the argument's name unless `holds`. `problem` completes "`argument` …". */
export function require(holds: boolean, argument: string, problem: string): void {
  if (!holds) throw new InvalidArgumentError(argument, problem);
}

export function requireFinite(argument: string, value: number): void {
  require(Number.isFinite(value), argument, `must be a finite number, got ${shown(value)}`);
}

export function requirePositive(argument: string, value: number): void {
  require(value > 0 && value < Infinity, argument, `must be a finite number above 0, got ${shown(value)}`);
}

/** Strictly between 0 and 1: error rates, powers, levels. */
export function requireFraction(argument: string, value: number): void {
  require(value > 0 && value < 1, argument, `must lie strictly between 0 and 1, got ${shown(value)}`);
}

/** Between 0 and 1, both included. */
export function requireProbability(argument: string, value: number): void {
  require(value >= 0 && value <= 1, argument, `must lie between 0 and 1, got ${shown(value)}`);
}

export function requireCount(argument: string, value: number, least = 0): void {
  require(Number.isSafeInteger(value) &&
    value >= least, argument, `must be a whole number from ${least} on, got ${shown(value)}`);
}

/** Successes of `n` trials. */
export function requireCounts(argument: string, value: number, n: number, least = 1): void {
  requireCount("n", n, least);
  requireCount(argument, value);
  require(value <= n, argument, `must not exceed n (${n}), got ${value}`);
}

export function requireNumbers(argument: string, values: ArrayLike<number>, least = 1): void {
  require(values.length >= least, argument, `must hold at least ${least} values, got ${values.length}`);
  for (let i = 0; i < values.length; i++) {
    // The message is made only when it is needed: this runs once per value of every sample.
    if (Number.isFinite(values[i])) continue;
    require(false, argument, `must hold finite numbers, got ${shown(values[i])} at ${i}`);
  }
}
