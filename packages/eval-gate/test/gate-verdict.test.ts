import { describe, expect, it } from "vitest";
import { codes, gate, notes, passRate, random, sampleResults, sampleSet } from "./samples.ts";

const set = sampleSet(200);
/** Nine of ten pass. */
const steady = (at: number): number => (at % 10 === 0 ? 0 : 1);
const blue = sampleResults(set, steady);
const green = (
  score: (at: number, repeat: number) => number | null,
  options = {},
): ReturnType<typeof sampleResults> => sampleResults(set, score, { bundle: "green", ...options });

describe("the verdict", () => {
  it("passes a candidate that answers as the baseline does, with exit code 0 [GATE-THREE-WAYS]", () => {
    const evidence = gate({ set, baseline: blue, candidate: green(steady) });
    expect(evidence).toMatchObject({ verdict: "pass", exitCode: 0, reasons: [] });
    expect(evidence.metrics[0]).toMatchObject({ difference: 0, n: 200, tied: 200, verdict: "pass" });
    expect(evidence.metrics[0]?.interval?.method).toBe("tango");
  });

  it("fails one that is certainly worse, with exit code 1 and the lost cases by name [GATE-THREE-WAYS]", () => {
    const evidence = gate({ set, baseline: blue, candidate: green((at) => (at < 60 ? 0 : steady(at))) });
    expect(evidence).toMatchObject({ verdict: "fail", exitCode: 1 });
    expect(codes(evidence)).toEqual(["worse"]);
    expect(evidence.metrics[0]?.lost).toMatchObject({ count: 54 });
    expect(evidence.metrics[0]?.lost.cases[0]).toBe("c001");
    expect(evidence.metrics[0]?.interval?.upper).toBeLessThan(0);
  });

  it("cannot tell on a small set, with exit code 3, the margin it can confirm and what would decide it [GATE-TEACHES]", () => {
    const small = sampleSet(60);
    const draw = random(7);
    const scores = Array.from({ length: 60 }, () => (draw() < 0.5 ? 1 : 0));
    const evidence = gate({
      set: small,
      baseline: sampleResults(small, (at) => scores[at] ?? 0, { cost: 0.01 }),
      candidate: sampleResults(small, (at) => (at % 12 === 0 ? 1 - (scores[at] ?? 0) : (scores[at] ?? 0)), {
        bundle: "green",
        cost: 0.03,
      }),
    });
    expect(evidence).toMatchObject({ verdict: "inconclusive", exitCode: 3 });
    expect(codes(evidence)).toEqual(["not-confirmed"]);
    const plan = evidence.metrics[0]?.plan;
    // 5 discordant of 60: 6.183 psi / m² = 206.1 cases, and (z + z) √(psi / 60).
    expect(plan?.confirms).toBeCloseTo(2.4865 * Math.sqrt(5 / 60 / 60), 3);
    expect(plan?.levers).toEqual([
      { lever: "margin", value: plan?.confirms, runs: 0, cost: 0 },
      { lever: "cases", value: 207, runs: 294, cost: expect.closeTo(294 * 0.02, 6) },
    ]);
    expect(evidence.summary).toContain("207 cases");
  });

  it("knows how many cases in agreement would do where the bundles agree on all [GATE-TEACHES]", () => {
    const agree = (n: number): ReturnType<typeof gate> => {
      const some = sampleSet(n);
      return gate({
        set: some,
        baseline: sampleResults(some, steady),
        candidate: sampleResults(some, steady, { bundle: "green" }),
      });
    };
    const short = agree(12);
    expect(short.verdict).toBe("inconclusive");
    expect(short.metrics[0]?.plan?.levers[1]).toMatchObject({ lever: "cases", value: 52, runs: 80 });
    expect([agree(51).verdict, agree(52).verdict]).toEqual(["inconclusive", "pass"]);
  });

  it("prices more repeats where runs of one bundle can be compared with each other [GATE-TEACHES]", () => {
    const draw = random(11);
    const noisy = (): number => (draw() < 0.8 ? 1 : 0);
    const hundred = sampleSet(100);
    const evidence = gate({
      set: hundred,
      baseline: sampleResults(hundred, noisy, { repeats: 2 }),
      candidate: sampleResults(hundred, noisy, { bundle: "green", repeats: 2 }),
    });
    const plan = evidence.metrics[0]?.plan;
    expect(evidence.verdict).toBe("inconclusive");
    expect(plan?.levers.map(({ lever }) => lever)).toEqual(["margin", "cases", "repeats"]);
    const repeats = plan?.levers.at(-1);
    expect(repeats?.value).toBeGreaterThan(2);
    expect(repeats).toMatchObject({ runs: ((repeats?.value ?? 0) - 2) * 200, cost: null });
  });

  it("says so when a loss is certain but within the margin: a pass, or a fail where the policy is strict", () => {
    const wide = sampleSet(2_000);
    const options = {
      set: wide,
      baseline: sampleResults(wide, steady),
      candidate: sampleResults(wide, (at) => (at < 20 ? 0 : steady(at)), { bundle: "green" }),
    };
    const lenient = gate(options);
    expect(lenient.verdict).toBe("pass");
    expect(notes(lenient)).toContain("worse-within-margin");
    expect(lenient.metrics[0]?.text).toContain("worse, within the margin");
    const strict = gate({ ...options, policy: { metrics: [passRate], strict: true } });
    expect(strict).toMatchObject({ verdict: "fail", exitCode: 1 });
  });

  it("holds the candidate's mean against an absolute floor, with three ways out", () => {
    const floor = (value: number): string => {
      const policy = { metrics: [{ ...passRate, floor: value }] };
      const evidence = gate({ set, baseline: blue, candidate: green(steady), policy });
      return `${evidence.verdict} ${codes(evidence).join()}`;
    };
    expect(floor(0.9)).toBe("pass ");
    expect(floor(0.92)).toBe("inconclusive floor-not-reached");
    expect(floor(0.95)).toBe("fail below-floor");
  });

  it("names every metric that stands in the way, and passes only when all do", () => {
    const scorers = ["exact", "tools"].map((metric) => ({ metric, scorer: metric, version: "1" }));
    const metrics = [passRate, { ...passRate, metric: "tools" }];
    const both = (at: number): Record<string, number> => ({ exact: steady(at), tools: steady(at) });
    const baseline = sampleResults(set, both, { scorers });
    const same = sampleResults(set, both, { bundle: "green", scorers });
    expect(gate({ set, baseline, candidate: same, policy: { metrics } }).verdict).toBe("pass");
    const candidate = sampleResults(set, (at) => ({ exact: steady(at), tools: at % 2 }), {
      bundle: "green",
      scorers,
    });
    const evidence = gate({ set, baseline, candidate, policy: { metrics } });
    expect(evidence.verdict).toBe("fail");
    expect(evidence.reasons.map(({ metric }) => metric)).toEqual(["tools"]);
  });

  it("stops a better average for a critical slice that got worse [GATE-SLICES]", () => {
    const sliced = sampleSet(400, (at) => ({ slice: at < 300 ? "lookup" : "question" }));
    const baseline = sampleResults(sliced, (at) =>
      at < 300 ? (at % 4 === 0 ? 0 : 1) : at % 10 === 0 ? 0 : 1,
    );
    const better = sampleResults(sliced, (at) => (at < 300 ? 1 : at % 5 === 0 ? 0 : 1), { bundle: "green" });
    const critical = [{ slice: "question", margins: { exact: 0.03 } }];
    const stopped = gate({
      set: sliced,
      baseline,
      candidate: better,
      policy: { metrics: [passRate], critical },
    });
    expect(stopped.metrics[0]?.difference).toBeGreaterThan(0.1);
    expect(stopped.verdict).toBe("fail");
    expect(stopped.reasons).toMatchObject([{ code: "worse", slice: "question" }]);
    expect(stopped.metrics[1]).toMatchObject({ slice: "question", margin: 0.03, n: 100 });
    const blind = gate({ set: sliced, baseline, candidate: better });
    expect(blind.verdict).toBe("fail");
    expect(codes(blind)).toEqual(["slice-worse"]);
  });

  it("plans several metrics so that all of them pass together, not each [GATE-TEACHES]", () => {
    const scorers = ["exact", "tools"].map((metric) => ({ metric, scorer: "exact", version: "1" }));
    const score = (at: number): Record<string, number> => ({ exact: steady(at), tools: steady(at + 1) });
    const flipped = (at: number): Record<string, number> => ({ exact: steady(at + 1), tools: steady(at) });
    const { metrics } = gate({
      set,
      baseline: sampleResults(set, score, { scorers }),
      candidate: sampleResults(set, flipped, { scorers, bundle: "green" }),
      policy: { metrics: [passRate, { ...passRate, metric: "tools" }] },
    });
    // 40 of 200 differ on each; z of 0.95 and of 0.9: one failure in ten a metric leaves eight passes of ten.
    for (const { plan } of metrics) {
      expect(plan?.power).toBeCloseTo(0.9, 12);
      expect(plan?.confirms).toBeCloseTo((1.6449 + 1.2816) * Math.sqrt(0.2 / 200), 4);
    }
  });

  it("asks for stronger evidence of a loss the more is looked at, so that looking at slices stops nobody [GATE-SLICES]", () => {
    const verdictOn = (slices: number): ReturnType<typeof gate> => {
      const sliced = sampleSet(200, (at) => ({ slice: `s${at % slices}` }));
      const candidate = (at: number): number => (at < 12 ? 0 : 1);
      return gate({
        set: sliced,
        baseline: sampleResults(sliced, (at) => (at >= 12 && at < 15 ? 0 : 1)),
        candidate: sampleResults(sliced, candidate, { bundle: "green" }),
      });
    };
    const [one, ten] = [verdictOn(1), verdictOn(10)];
    // 12 lost of 15 that changed: P(X ≤ 3) less half of P(X = 3), 0.01758 - 0.01389 / 2.
    expect(one).toMatchObject({ verdict: "fail", metrics: [{ p: expect.closeTo(0.01064, 5) }] });
    expect(ten.metrics[0]?.adjustedP).toBeCloseTo(11 * (one.metrics[0]?.p ?? 0), 12);
    expect(ten).toMatchObject({ verdict: "inconclusive", metrics: [{ p: one.metrics[0]?.p }] });
  });

  it("leaves small losses and small slices of the screen alone, and names a critical slice without cases [GATE-SLICES]", () => {
    const sliced = sampleSet(204, (at) => ({ slice: at < 100 ? "a" : at < 200 ? "b" : "tiny" }));
    const baseline = sampleResults(sliced, () => 1);
    const lossy = sampleResults(sliced, (at) => (at < 5 || at >= 200 ? 0 : 1), { bundle: "green" });
    const evidence = gate({
      set: sliced,
      baseline,
      candidate: lossy,
      policy: { metrics: [{ ...passRate, margin: 0.1 }] },
    });
    expect(evidence.slices).toMatchObject([
      { slice: "a", p: 1, worse: false, difference: -0.05 },
      { slice: "b", p: 1, worse: false, difference: 0 },
    ]);
    const critical = [{ slice: "none", margins: { exact: 0.03 } }];
    const missing = gate({
      set,
      baseline: blue,
      candidate: green(steady),
      policy: { metrics: [passRate], critical },
    });
    expect(missing.verdict).toBe("inconclusive");
    expect(missing.reasons).toMatchObject([{ code: "not-confirmed", slice: "none" }]);
  });

  it("fails for one repeat of one case that must pass, however good the average [GATE-MUST-PASS]", () => {
    const careful = sampleSet(200, (at) => (at === 3 ? { mustPass: true } : {}));
    const baseline = sampleResults(careful, steady, { repeats: 3 });
    const slip = (at: number, repeat: number): number => (at === 3 && repeat === 2 ? 0.9 : steady(at));
    const candidate = sampleResults(careful, slip, { bundle: "green", repeats: 3 });
    const evidence = gate({ set: careful, baseline, candidate });
    expect(evidence.verdict).toBe("fail");
    expect(evidence.reasons).toMatchObject([{ code: "must-pass-failed", cases: ["c003"] }]);
    expect(evidence.mustPass).toEqual({
      checked: 1,
      failed: [{ case: "c003", metric: "exact", worst: 0.9 }],
    });
    const softer = { metrics: [{ ...passRate, passAt: 0.9 }] };
    expect(gate({ set: careful, baseline, candidate, policy: softer }).verdict).toBe("pass");
  });

  it("gives the same findings for the same input, in a sealed, frozen record", () => {
    const options = { set, baseline: blue, candidate: green(steady) };
    const evidence = gate(options);
    expect(gate(options).digest).toBe(evidence.digest);
    for (const part of [evidence, evidence.metrics, evidence.metrics[0]?.lost, evidence.policy.metrics[0]])
      expect(Object.isFrozen(part)).toBe(true);
    expect(JSON.parse(JSON.stringify(evidence))).toEqual(evidence);
  });
});
