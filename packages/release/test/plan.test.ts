import { isVerdigrisError } from "@verdigris/contracts";
import { describe, expect, it } from "vitest";
import { defineReleasePlan, durationMs, durationText, explainPlan } from "../src/index.ts";
import { spanText } from "../src/on-call.ts";
import { aSignal } from "./world.ts";

function issuesOf(input: unknown): string[] {
  try {
    defineReleasePlan(input as object);
    return [];
  } catch (error) {
    if (!isVerdigrisError(error, "plan-invalid")) throw error;
    return (error.details.issues as { path: string }[]).map(({ path }) => path);
  }
}

describe("defineReleasePlan", () => {
  it("fills in the usual: gates of a day, 48 h of quarantine, errors roll back and latency holds [RELEASE-PLAN]", () => {
    const plan = defineReleasePlan();
    expect(plan).toMatchObject({
      rollout: "blue-green",
      quarantineMs: 48 * 3_600_000,
      recheckMs: 3_600_000,
      recycleAfter: "immediately",
      rollbackSafe: true,
      withoutSignals: null,
    });
    expect(plan.gates.evals).toEqual({ timeoutMs: 86_400_000, without: null });
    expect(plan.signals["hard-errors"]).toEqual({ on: "rollback", mustClear: true, expected: true });
    expect(plan.signals["latency-regression"]).toEqual({ on: "hold", mustClear: false, expected: true });
  });

  it("is data that nobody can change, and a file may hold it [RELEASE-PLAN]", () => {
    const plan = defineReleasePlan({ canary: { steps: [{ percent: 1, for: "10m" }] }, rollout: "canary" });
    expect(Object.isFrozen(plan.canary.steps[0])).toBe(true);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  it.each([
    ["an unknown name", { quarantin: {} }, "quarantin"],
    ["an unknown gate", { gates: { eval: {} } }, "gates.eval"],
    ["an unknown rollout", { rollout: "big-bang" }, "rollout"],
    ["zero for a duration", { quarantine: { for: 0 } }, "quarantine.for"],
    ["a duration without a unit", { drillWithin: "14" }, "drillWithin"],
    ["a negative duration", { gates: { smoke: { timeout: -1 } } }, "gates.smoke.timeout"],
    [
      "a share of everything, which is the switch",
      { rollout: "canary", canary: { steps: [{ percent: 100, for: "1h" }] } },
      "canary.steps.0.percent",
    ],
    [
      "a share of nothing",
      { rollout: "canary", canary: { steps: [{ percent: 0, for: "1h" }] } },
      "canary.steps.0.percent",
    ],
    ["a gate left out without a reason", { gates: { evals: { without: " " } } }, "gates.evals"],
    ["signals that do something unheard of", { signals: { latency: "panic" } }, "signals"],
    ["an unknown phase for a hook", { hooks: { around: ["deploy"] } }, "hooks.around.0"],
    ["a time to recycle that is none", { recycle: "soon" }, "recycle"],
  ])("refuses %s [RELEASE-PLAN]", (_, input, path) => {
    expect(issuesOf(input)).toContain(path);
  });

  it.each([
    [
      "a step longer than its timeout (argo-rollouts#3414)",
      { rollout: "canary", canary: { steps: [{ percent: 5, for: "2h" }], timeout: "1h" } },
      "canary.timeout",
    ],
    [
      "shares that do not ascend",
      {
        rollout: "canary",
        canary: {
          steps: [
            { percent: 25, for: "1h" },
            { percent: 5, for: "1h" },
          ],
        },
      },
      "canary.steps",
    ],
    ["a canary in a blue-green rollout", { canary: { timeout: "1h" } }, "canary"],
    ["an approval before a canary there is none of", { approval: { before: ["canary"] } }, "approval.before"],
    [
      "a recheck longer than the quarantine",
      { quarantine: { for: "24h", recheck: "30h" } },
      "quarantine.recheck",
    ],
    [
      "a drill that is too old by the switch, however fresh it is at the start",
      { rollout: "canary", drillWithin: "2h", canary: { steps: [{ percent: 5, for: "2h" }] } },
      "drillWithin",
    ],
    ["a short quarantine without a reason", { quarantine: { for: "1h" } }, "quarantine.for"],
    [
      "a reason for a quarantine that needs none",
      { quarantine: { for: "24h", outsideBecause: "x" } },
      "quarantine.outsideBecause",
    ],
    ["a canary that nothing has to clear", { rollout: "canary", signals: { latency: "hold" } }, "signals"],
    ["no signals at all, silently", { signals: {} }, "signals"],
    ["a holdback where blue has to drain", { holdbackPercent: 5, strategy: "drain" }, "holdbackPercent"],
    ["a holdback of most keys", { holdbackPercent: 60 }, "holdbackPercent"],
  ])("refuses what contradicts itself: %s [RELEASE-PLAN]", (_, input, path) => {
    expect(issuesOf(input)).toContain(path);
  });

  it("lists every problem at once [RELEASE-PLAN]", () => {
    expect(issuesOf({ quarantine: { for: "1h", recheck: "2h" }, holdbackPercent: 60 })).toEqual([
      "quarantine.recheck",
      "quarantine.for",
      "holdbackPercent",
    ]);
  });
});

describe("durations", () => {
  it("are whole milliseconds or text with a unit", () => {
    expect(["10m", "1.5h", "90s", "3d", "250ms", 7].map(durationMs)).toEqual([
      600_000, 5_400_000, 90_000, 259_200_000, 250, 7,
    ]);
    expect(["", "m", "10", "-1h", "0s", 0, 0.5, Number.NaN, null, "500d"].map(durationMs)).toEqual(
      Array(10).fill(null),
    );
  });

  it("says what is left in two units at most, where no whole unit fits", () => {
    const texts = [86_395_800, 570_400, 5 * 3_600_000 + 12 * 60_000 + 7, 51 * 3_600_000 + 1, 12_345].map(
      durationText,
    );
    expect(texts).toEqual(["23h", "9m 30s", "5h 12m", "2d 3h", "12.3s"]);
    expect([0, 59_999, 36 * 3_600_000, 864_000_001].map(spanText)).toEqual(["0s", "59s", "36h", "10d"]);
  });

  it("are said in the largest unit that fits", () => {
    expect([172_800_000, 259_200_000, 90_000, 600_000, 1_234].map(durationText)).toEqual([
      "48h",
      "3d",
      "90s",
      "10m",
      "1.2s",
    ]);
  });
});

describe("explainPlan", () => {
  const plan = defineReleasePlan({
    rollout: "canary-then-blue-green",
    signals: { "pass-rate": "rollback" },
    canary: { timeout: "2h" },
  });

  it("says which phase cannot conclude in its time, and what would (flagger#1353) [RELEASE-EXPLAIN]", () => {
    const forecast = explainPlan(plan, { runsPerHour: 100, signals: [aSignal({ needed: 200 })] });
    expect(forecast.ok).toBe(false);
    expect(forecast.phases[0]).toMatchObject({ phase: "canary", percent: 5, concludes: false });
    expect(forecast.phases[0]?.text).toContain("10 runs");
    expect(forecast.phases[0]?.text).toContain("take 40h, or 100 %".replace(", or 100 %", ""));
  });

  it("says how long a phase takes at the measured rate where its clock alone would not do", () => {
    const { phases, ok } = explainPlan(plan, { runsPerHour: 3_000, signals: [aSignal({ needed: 200 })] });
    expect(ok).toBe(true);
    expect(phases[0]).toMatchObject({ concludes: true, atLeastMs: 80 * 60_000 });
  });

  it("does not guess a rate that nobody measures", () => {
    const { phases, ok } = explainPlan(plan, { runsPerHour: null, signals: [] });
    expect(ok).toBe(true);
    expect(phases[0]?.concludes).toBeNull();
  });

  it("asks for synthetic runs where there are none", () => {
    expect(explainPlan(plan, { runsPerHour: 0, signals: [] }).phases[0]).toMatchObject({
      concludes: false,
      text: expect.stringContaining("synthetic"),
    });
  });
});
