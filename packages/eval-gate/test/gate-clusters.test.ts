import { clusteredMean, tInterval, tWorse } from "@verdigris/statistics";
import { describe, expect, it } from "vitest";
import { gate, passRate, random, sampleResults, sampleSet } from "./samples.ts";

const set = sampleSet(200);
const steady = (at: number): number => (at % 10 === 0 ? 0 : 1);
const lenient = { metrics: [{ ...passRate, margin: 0.2 }] };

describe("clusters", () => {
  it("counts cases of one cluster as related: the same scores say less", () => {
    const scores = (at: number): number => (Math.floor(at / 10) % 4 === 0 ? 0 : 1);
    const loose = {
      set,
      baseline: sampleResults(set, scores),
      candidate: sampleResults(set, (at) => (at < 30 ? 1 : at < 60 ? 0 : scores(at)), { bundle: "green" }),
    };
    const clustered = sampleSet(200, (at) => ({ cluster: `doc-${Math.floor(at / 5)}` }));
    const alone = gate({ ...loose, policy: lenient }).metrics[0];
    const related = gate({
      set: clustered,
      baseline: sampleResults(clustered, scores),
      candidate: sampleResults(clustered, (at) => (at < 30 ? 1 : at < 60 ? 0 : scores(at)), {
        bundle: "green",
      }),
      policy: lenient,
    }).metrics[0];
    expect(related).toMatchObject({ clusters: 40, n: 200, difference: alone?.difference });
    const width = (found: typeof alone): number =>
      (found?.interval?.upper ?? 0) - (found?.interval?.lower ?? 0);
    expect(related?.interval?.method).toBe("clustered-t");
    expect(width(related)).toBeGreaterThan(1.5 * width(alone));
  });

  const documents = (n: number, count: number): ReturnType<typeof sampleSet> =>
    sampleSet(n, (at) => ({ cluster: `doc-${at % count}` }));
  const identical = (some: ReturnType<typeof sampleSet>, seed: number): ReturnType<typeof gate> => {
    const chance = random(seed);
    const score = (at: number): number => (chance() < (at % 7 === 0 ? 0.5 : 0.97) ? 1 : 0);
    const baseline = sampleResults(some, score, { repeats: 3, cost: 0.01 });
    return gate({
      set: some,
      baseline,
      candidate: sampleResults(some, score, { bundle: "green", repeats: 3 }),
    });
  };

  it("decides from ten clusters on; below, by a bound that holds for any data", () => {
    const nine = identical(documents(400, 9), 1).metrics[0];
    const ten = identical(documents(400, 10), 1).metrics[0];
    expect(nine).toMatchObject({ verdict: "inconclusive", interval: { method: "betting" } });
    expect(ten).toMatchObject({ verdict: "pass", interval: { method: "clustered-t" } });
  });

  it("takes clusters of uneven sizes for what they are worth", () => {
    // One document holds half of all cases: ten clusters, and hardly any degree of freedom.
    const lopsided = sampleSet(400, (at) => ({ cluster: `doc-${at < 200 ? 0 : 1 + (at % 9)}` }));
    const lost = (at: number): number => (at % 13 === 0 ? 0 : 1);
    const { metrics } = gate({
      set: lopsided,
      baseline: sampleResults(lopsided, () => 1, { repeats: 2 }),
      candidate: sampleResults(lopsided, lost, { bundle: "green", repeats: 2 }),
    });
    const values = lopsided.cases.map((_, at) => lost(at) - 1);
    const clusters = lopsided.cases.map(({ cluster = "" }) => cluster);
    const estimate = clusteredMean({ values, clusters, form: "uneven" });
    expect(estimate.degreesOfFreedom).toBeLessThan(4);
    expect(metrics[0]).toMatchObject({
      clusters: 10,
      interval: { method: "clustered-t", ...tInterval(estimate) },
    });
  });

  it("plans with the quantiles it decides by: few clusters confirm less [GATE-TEACHES]", () => {
    const ten = documents(100, 10);
    // As many won as lost, unevenly over the documents, so that the change is 0.
    const before = (at: number): number => ([0, 10, 20, 30, 1, 11, 2, 12].includes(at) ? 0 : 1);
    const after = (at: number): number => ([5, 15, 25, 35, 6, 16, 7, 17].includes(at) ? 0 : 1);
    const { metrics } = gate({
      set: ten,
      baseline: sampleResults(ten, before),
      candidate: sampleResults(ten, after, { bundle: "green" }),
    });
    const values = ten.cases.map((_, at) => after(at) - before(at));
    const { standardError } = clusteredMean({
      values,
      clusters: values.map((_, at) => at % 10),
      form: "uneven",
    });
    // Student's t of 0.8 and 0.95 at 9 degrees of freedom, from a table.
    const wanted = (0.8834 + 1.8331) * standardError * Math.sqrt(99 / 100);
    expect(metrics[0]).toMatchObject({ difference: 0, interval: { method: "clustered-t" } });
    expect(metrics[0]?.plan?.confirms).toBeCloseTo(wanted, 4);
  });

  it("knows the clusters of a critical slice, and of one on the screen", () => {
    const sliced = sampleSet(360, (at) => ({
      slice: at % 3 === 0 ? "a" : "b",
      cluster: `doc-${Math.floor(at / 7) % 24}`,
    }));
    const lost = (at: number): number => (at % 21 < 3 ? 0 : 1);
    const { metrics, slices } = gate({
      set: sliced,
      baseline: sampleResults(sliced, () => 1),
      candidate: sampleResults(sliced, lost, { bundle: "green" }),
      policy: { metrics: [passRate], critical: [{ slice: "a", margins: { exact: 0.05 } }] },
    });
    const within = (slice: string): ReturnType<typeof clusteredMean> => {
      const kept = sliced.cases.flatMap((entry, at) => (entry.slice === slice ? [at] : []));
      const clusters = kept.map((at) => sliced.cases[at]?.cluster ?? "");
      return clusteredMean({ values: kept.map((at) => lost(at) - 1), clusters, form: "uneven" });
    };
    expect(metrics[1]).toMatchObject({ slice: "a", interval: tInterval(within("a")) });
    const every = gate({
      set: sliced,
      baseline: sampleResults(sliced, () => 1),
      candidate: sampleResults(sliced, lost, { bundle: "green" }),
    });
    expect(slices).toEqual([]);
    expect(every.slices.map(({ slice, p }) => [slice, p])).toEqual([
      ["a", tWorse(within("a"))],
      ["b", tWorse(within("b"))],
    ]);
  });

  it("says of too few clusters what would decide, and that many do [GATE-TEACHES]", () => {
    const few = identical(documents(120, 6), 5);
    expect(few.reasons[0]?.text).toContain("it has 6 independent clusters and a close bound needs 10");
    const plan = few.metrics[0]?.plan;
    expect(plan).toMatchObject({ lacks: "clusters" });
    // What it can confirm now is wide, and true: the same set passes at that margin.
    expect(plan?.confirms).toBeGreaterThan(0.4);
    const cases = plan?.levers.find(({ lever }) => lever === "cases");
    expect(cases).toMatchObject({ value: 200, runs: 480, cost: expect.closeTo(4.8, 9) });
    const verdicts = Array.from(
      { length: 40 },
      (_, seed) => identical(documents(200, 10), 100 + seed).verdict,
    );
    expect(verdicts.filter((verdict) => verdict === "pass").length).toBeGreaterThan(28);
  });

  it("says of bundles that agree nearly everywhere how many cases in agreement would do [GATE-TEACHES]", () => {
    const agreeing = (n: number, changed: number): ReturnType<typeof gate> => {
      const some = sampleSet(n);
      const baseline = sampleResults(some, () => 1, { repeats: 2 });
      const slip = (at: number): number => (at < changed ? 0 : 1);
      return gate({
        set: some,
        baseline,
        candidate: sampleResults(some, slip, { bundle: "green", repeats: 2 }),
      });
    };
    const short = agreeing(60, 0);
    const plan = short.metrics[0]?.plan;
    const needed = plan?.levers.find(({ lever }) => lever === "cases")?.value ?? 0;
    expect(plan).toMatchObject({ lacks: null });
    expect(agreeing(needed, 0).verdict).toBe("pass");
    expect(agreeing(needed - 1, 0).verdict).toBe("inconclusive");
    expect(plan?.confirms).toBeGreaterThan(0.05);
    expect(agreeing(60, 2).metrics[0]?.plan).toMatchObject({ lacks: "changes" });
    expect(agreeing(60, 2).reasons[0]?.text).toContain("differ on 2 cases and a close bound needs 10");
  });

  it("falls back to a bound that holds at any size on few clusters", () => {
    const few = sampleSet(200, (at) => ({ cluster: `doc-${at % 8}` }));
    const evidence = gate({
      set: few,
      baseline: sampleResults(few, steady),
      candidate: sampleResults(few, steady, { bundle: "green" }),
    });
    expect(evidence.metrics[0]?.interval?.method).toBe("betting");
    expect(evidence.verdict).toBe("inconclusive");
  });
});
