import type { ReleasePhase, ReleasePlan, Signal } from "@verdigris/contracts";
import { durationText } from "./duration.ts";
import { usualSteps } from "./plan.ts";

/** What is measured of the agent before a release starts. */
export interface TrafficFacts {
  /** Production runs an hour; null where nobody measures them. */
  readonly runsPerHour: number | null;
  /** What the detectors say of the live bundle now: each names how many runs it needs. */
  readonly signals: readonly Signal[];
}

/** One phase of a plan: how long it takes at least, and whether it can conclude in its time. */
export interface PhaseForecast {
  readonly phase: ReleasePhase;
  /** For a canary: the share. */
  readonly percent: number | null;
  readonly atLeastMs: number;
  /** False when a signal that must be clear cannot be by then; null when the rate of runs is not known. */
  readonly concludes: boolean | null;
  readonly text: string;
}

/** What to expect of a plan, before it starts. */
export interface PlanForecast {
  readonly phases: readonly PhaseForecast[];
  /** False when some phase cannot conclude in its time. */
  readonly ok: boolean;
  readonly text: string;
}

const hourMs = 3_600_000;

/** Runs that a signal needs before it can be clear, where its detector does not say: what the published rules take. */
const usualNeeds: Readonly<Record<string, number>> = {
  "hard-errors": 20,
  "pass-rate-floor": 200,
  "latency-regression": 200,
  "cost-regression": 100,
  "tool-drift": 50,
};

function needOf(name: string, signals: readonly Signal[]): number {
  const said = signals.find((signal) => signal.name === name);
  return said?.needed ?? usualNeeds[name] ?? 200;
}

interface Stretch {
  readonly phase: ReleasePhase;
  readonly percent: number | null;
  readonly forMs: number;
  /** How long the phase may take before a timer ends it. */
  readonly patienceMs: number;
}

/** What would let a stretch conclude: more time, or more traffic. */
function remedy(stretch: Stretch, need: number, perHour: number, name: string): string {
  const neededMs = Math.ceil((need / perHour) * 60) * 60_000;
  const more =
    stretch.percent === null
      ? null
      : Math.ceil((stretch.percent * need * hourMs) / (perHour * stretch.patienceMs));
  const share = more !== null && more < 100 ? `, or ${more} %` : "";
  return `${name} needs about ${need} runs: take ${durationText(neededMs)}${share}`;
}

function forecast(stretch: Stretch, plan: ReleasePlan, facts: TrafficFacts): PhaseForecast {
  const { phase, percent, forMs, patienceMs } = stretch;
  const named = percent === null ? phase : `${phase} at ${percent} %`;
  const base = { phase, percent, atLeastMs: forMs };
  const must = Object.entries(plan.signals).flatMap(([name, { mustClear, expected }]) =>
    mustClear && expected ? [name] : [],
  );
  if (must.length === 0) return { ...base, concludes: true, text: `${named} takes ${durationText(forMs)}` };
  if (facts.runsPerHour === null)
    return {
      ...base,
      concludes: null,
      text: `${named} takes ${durationText(forMs)}; whether its signals clear depends on the rate of runs, which nobody measures`,
    };
  const perHour = (facts.runsPerHour * (percent ?? 100)) / 100;
  const runs = Math.floor((perHour * patienceMs) / hourMs);
  const short = must
    .map((name) => ({ name, need: needOf(name, facts.signals) }))
    .filter(({ need }) => need > runs);
  const slowest = Math.max(0, ...must.map((name) => needOf(name, facts.signals)));
  const neededMs = perHour === 0 ? Number.POSITIVE_INFINITY : (slowest / perHour) * hourMs;
  if (short.length > 0) {
    const why =
      perHour === 0
        ? ["there are no runs: send synthetic ones"]
        : short.map(({ name, need }) => remedy(stretch, need, perHour, name));
    return {
      ...base,
      concludes: false,
      text: `${named} sees about ${runs} runs in its ${durationText(patienceMs)} and cannot conclude: ${why.join("; ")}`,
    };
  }
  const atLeastMs = Math.max(forMs, Math.ceil(neededMs / 60_000) * 60_000);
  return {
    ...base,
    atLeastMs,
    concludes: true,
    text: `${named} takes about ${durationText(atLeastMs)}, for ${Math.floor((perHour * atLeastMs) / hourMs)} runs`,
  };
}

/** What each phase with traffic will show at the measured rate of runs, and what would let one conclude that cannot. Pure. */
export function explainPlan(plan: ReleasePlan, facts: TrafficFacts): PlanForecast {
  const rollout = plan.rollout === "advised" ? "canary-then-blue-green" : plan.rollout;
  const steps =
    rollout === "blue-green" ? [] : plan.canary.steps.length > 0 ? plan.canary.steps : usualSteps[rollout];
  const stretches: Stretch[] = steps.map(({ percent, forMs }) => ({
    phase: "canary",
    percent,
    forMs,
    patienceMs: plan.canary.timeoutMs,
  }));
  stretches.push({
    phase: "quarantine",
    percent: null,
    forMs: plan.quarantineMs,
    patienceMs: plan.quarantineMs,
  });
  const phases = stretches.map((stretch) => forecast(stretch, plan, facts));
  return {
    phases,
    ok: phases.every(({ concludes }) => concludes !== false),
    text: phases.map(({ text }) => text).join("\n"),
  };
}
