import type { TrafficClass } from "@verdigris/contracts";
import { createRecorder, type Look, type RunRecorder } from "@verdigris/detectors";

/** A whole ten minutes of store time. */
export const began = 1_800_000_000_000;
export const minute = 60_000;

/** Uniform in [0, 1), the same for the same seed. */
export function chanceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4_294_967_296;
  };
}

export interface Traffic {
  readonly bundle: string;
  readonly perMinute: number;
  readonly minutes: number;
  readonly from?: number;
  readonly slower?: number;
  readonly dearer?: number;
  readonly failing?: number;
  /** Of runs that never end. */
  readonly hanging?: number;
  readonly passing?: number;
  readonly class?: TrafficClass;
}

export interface SimulatedRun {
  readonly bundle: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly cost: number;
  readonly failed: boolean;
  readonly passed: boolean;
  readonly class: TrafficClass;
}

export function runsOf(traffic: Traffic, random: () => number): SimulatedRun[] {
  const { bundle, perMinute, minutes, from = began, slower = 1, dearer = 1 } = traffic;
  const { failing = 0, hanging = 0, passing = 0.97 } = traffic;
  const runs: SimulatedRun[] = [];
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  for (let n = 0; n < perMinute * minutes; n++) {
    const startedAt = from + ((n + random()) * minute) / perMinute;
    const took = 8_000 * Math.exp(0.8 * normal()) * slower;
    const endedAt = random() < hanging ? null : startedAt + took;
    const cost = 0.05 * Math.exp(0.8 * normal()) * dearer;
    const failed = random() < failing;
    const passed = random() < passing;
    runs.push({ bundle, startedAt, endedAt, cost, failed, passed, class: traffic.class ?? "live" });
  }
  return runs;
}

/** Tells a recorder what had happened by `at`, in the order in which it did. */
export function tell(recorder: RunRecorder, runs: readonly SimulatedRun[], at: number): void {
  for (const run of runs) {
    if (run.startedAt > at) continue;
    const facts = { bundle: run.bundle, class: run.class, mixed: false, startedAt: run.startedAt };
    recorder.started(facts);
    if (run.endedAt === null || run.endedAt > at) continue;
    recorder.ended(facts, run.failed ? "failed" : "completed", run.endedAt - run.startedAt, run.cost);
    recorder.scored(facts, run.passed);
  }
}

export interface Scene {
  readonly green: Omit<Traffic, "bundle">;
  readonly blue: Omit<Traffic, "bundle">;
  readonly seed?: number;
  readonly kind?: "concurrent" | "holdback" | "history";
  /** Minutes after the beginning. */
  readonly at?: number;
}

/** A look at a scene: both arms as one process has counted them. */
export function lookAt({ green, blue, seed = 1, kind = "concurrent", at }: Scene): Look {
  const random = chanceOf(seed);
  const recorder = createRecorder();
  const now = began + (at ?? green.minutes) * minute;
  tell(recorder, runsOf({ ...green, bundle: "green" }, random), now);
  const from = kind === "history" ? began - blue.minutes * minute : began;
  tell(recorder, runsOf({ from, ...blue, bundle: "blue" }, random), now);
  return lookOf(recorder, now, kind);
}

export function lookOf(
  recorder: RunRecorder,
  at: number,
  kind: "concurrent" | "holdback" | "history" = "concurrent",
): Look {
  return {
    bundle: "green",
    baseline: { kind, bundle: "blue" },
    since: began,
    at,
    bakeMs: 120 * minute,
    watched: recorder.between("green", began, at),
    reference: kind === "history" ? recorder.between("blue", 0, began) : recorder.between("blue", began, at),
  };
}

/** Tells a recorder what happened in a span of time. */
export function tellBetween(
  recorder: RunRecorder,
  runs: readonly SimulatedRun[],
  from: number,
  to: number,
): void {
  const falls = (time: number | null): time is number => time !== null && time > from && time <= to;
  for (const run of runs) {
    const facts = { bundle: run.bundle, class: run.class, mixed: false, startedAt: run.startedAt };
    if (falls(run.startedAt)) recorder.started(facts);
    if (!falls(run.endedAt)) continue;
    recorder.ended(facts, run.failed ? "failed" : "completed", run.endedAt - run.startedAt, run.cost);
    recorder.scored(facts, run.passed);
  }
}
