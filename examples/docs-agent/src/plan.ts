import { defineReleasePlan, type ReleasePlan } from "@verdigris/release";

const minutes = {
  quarantine: { for: "20m", recheck: "10m", outsideBecause: "the whole demo takes three minutes" },
  recycle: "never",
} as const;

/** How a new index goes live: every gate, then half of the keys until the signals are clear, then everything. */
export const releasePlan: ReleasePlan = defineReleasePlan({
  rollout: "canary-then-blue-green",
  gates: { smoke: { timeout: "2m" }, evals: { timeout: "10m" }, shadow: { timeout: "10m" } },
  canary: { steps: [{ percent: 50, for: "10s" }], timeout: "15m" },
  signals: {
    "hard-errors": "rollback",
    "latency-regression": { on: "rollback", mustClear: false },
    "cost-regression": "hold",
    "tool-drift": "hold",
  },
  strategy: "pin",
  onRollback: "finish",
  memory: true,
  ...minutes,
});

/** How somebody ships in a hurry: no canary, half of the keys kept on the old bundle to compare with. */
export const hurriedPlan: ReleasePlan = defineReleasePlan({
  rollout: "blue-green",
  holdbackPercent: 50,
  signals: {
    "hard-errors": "rollback",
    "latency-regression": "rollback",
    "cost-regression": "hold",
    "tool-drift": "hold",
  },
  strategy: "pin",
  onRollback: "finish",
  memory: true,
  ...minutes,
});
