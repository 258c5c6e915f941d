/**
 * A confidence interval made of two one-sided bounds. Each alone misses the true value with probability `alpha`, so an
 * interval for `alpha` 0.05 is what is often called a 90 % interval, and 0.025 gives the usual 95 % one.
 */
export interface Interval {
  readonly lower: number;
  readonly upper: number;
}
