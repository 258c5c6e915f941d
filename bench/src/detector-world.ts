/** One run of a simulated release. Times in ms from its beginning. */
export interface SimulatedRun {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly cost: number;
  readonly failed: boolean;
  readonly passed: boolean;
}

/** Both arms of a simulated release, each in order of start. */
export interface Release {
  readonly green: readonly SimulatedRun[];
  readonly blue: readonly SimulatedRun[];
}

/** What a release is like. */
export interface Family {
  readonly name: string;
  /** Runs per minute and arm. */
  readonly green: number;
  readonly blue: number;
  readonly shape: "usual" | "heavy" | "bimodal";
  /** Load that both arms share and that makes runs slower. */
  readonly swing?: boolean;
  /** After a full switch: hours of blue before it, no blue beside it, cold caches on green. */
  readonly historyHours?: number;
  readonly baseline?: "concurrent" | "holdback" | "history";
}

/** What is wrong with green. */
export interface Regression {
  readonly latency?: number;
  readonly cost?: number;
  readonly passRate?: number;
}

export const bakeMinutes = 120;
const passRate = 0.95;
const failureRate = 0.01;

/** Uniform in [0, 1) from a seed. */
export function chanceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4_294_967_296;
  };
}

/** Standard normal numbers, two at a time (Box & Muller). */
function normalFrom(random: () => number): () => number {
  let spare: number | null = null;
  return () => {
    if (spare !== null) {
      const kept = spare;
      spare = null;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

function durationOf(shape: Family["shape"], random: () => number, normal: () => number): number {
  switch (shape) {
    case "usual":
      return 8_000 * Math.exp(0.8 * normal()) * (random() < 0.03 ? 5 : 1);
    case "heavy":
      return 6_000 * Math.exp(1.2 * normal()) * (random() < 0.02 ? 10 : 1);
    case "bimodal":
      return (random() < 0.5 ? 800 : 12_000) * Math.exp(0.4 * normal());
  }
}

interface ArmPlan {
  readonly perMinute: number;
  readonly from: number;
  readonly to: number;
  readonly worse: Regression;
  /** The first runs find cold caches. */
  readonly cold: boolean;
}

/** Draws releases from one seed. */
export function createReleases(seed: number): { draw(family: Family, regression: Regression): Release } {
  const random = chanceOf(seed);
  const normal = normalFrom(random);
  /** Times of arrival: busier where load is, as far as load shows in them. */
  const arrivals = (family: Family, { perMinute, from, to }: ArmPlan): number[] => {
    const times: number[] = [];
    const fastest = perMinute * (family.swing ? busiest : 1);
    for (let t = from; ; ) {
      t += (-Math.log(1 - random()) / fastest) * 60_000;
      if (t >= to) return times;
      if (!family.swing || random() <= loadAt(t) ** 0.75 / busiest) times.push(t);
    }
  };
  const arm = (family: Family, plan: ArmPlan): SimulatedRun[] => {
    const { worse, cold } = plan;
    return arrivals(family, plan).map((startedAt, i) => {
      const warming = cold ? 1 + 2 * Math.exp(-i / 6) : 1;
      const load = family.swing ? loadAt(startedAt) : 1;
      const took = durationOf(family.shape, random, normal) * load * warming * (worse.latency ?? 1);
      const price = 0.05 * Math.exp(1.2 * normal()) * (random() < 0.02 ? 10 : 1);
      const failed = random() < failureRate;
      const passed = !failed && random() < (worse.passRate ?? passRate);
      return {
        startedAt,
        endedAt: startedAt + took,
        cost: price * warming * (worse.cost ?? 1),
        failed,
        passed,
      };
    });
  };
  return {
    draw(family, worse) {
      const to = bakeMinutes * 60_000;
      const history = (family.historyHours ?? 0) * 3_600_000;
      const cold = family.baseline === "history";
      const green = arm(family, { perMinute: family.green, from: 0, to, worse, cold });
      const span = history > 0 ? { from: -history, to: 0 } : { from: 0, to };
      return { green, blue: arm(family, { perMinute: family.blue, ...span, worse: {}, cold: false }) };
    },
  };
}

/** The most that load multiplies arrivals by. */
const busiest = 2.4;

/** A swing of 37 minutes, and seven busy minutes in every forty-two. */
function loadAt(t: number): number {
  const minute = t / 60_000 + 10_000;
  return Math.exp(
    0.35 * Math.sin((2 * Math.PI * minute) / 37) + (Math.floor(minute / 7) % 6 === 5 ? 0.8 : 0),
  );
}
