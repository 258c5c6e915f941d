import { logERestarted, logSumExp } from "@verdigris/statistics";
import { restartMs } from "./arms.ts";

/** After the bake: an unchanged bundle alarms once in this many restarts on average, thirty days of ten minutes. */
const restartsPerAlarm = 4_320;
const openEndedRestarts = 12;

/** Evidence as one number, and the number an alarm needs. */
export interface Weight {
  readonly logE: number;
  readonly needed: number;
}

/**
 * Half of the evidence since the beginning and half of the evidence of every ten minutes' restart of the bake, those to come
 * counted as none: an average of e-processes, so the chance of ever reaching 1/α is at most α. After the bake the sum of the
 * last restarts (an e-detector): at least 4,320 restarts, 30 days, to a false alarm on average.
 *
 * `logE` holds, per block of ten minutes, the evidence of that block and all after it.
 */
export function weigh(logE: readonly number[], bakeMs: number, alpha: number): Weight {
  const planned = Math.max(1, Math.ceil(bakeMs / restartMs));
  if (logE.length <= planned) {
    const restarts = Array.from({ length: planned - 1 }, (_, j) => logE[j + 1] ?? 0);
    return { logE: logERestarted(logE[0] ?? 0, restarts), needed: -Math.log(alpha) };
  }
  return { logE: logSumExp(logE.slice(-openEndedRestarts)), needed: Math.log(restartsPerAlarm) };
}
