import { expect, it } from "vitest";
import { gate, judge, passRate, random, sampleResults, sampleSet } from "./samples.ts";

it("judges 10,000 cases of three repeats, two metrics and 20 slices", { timeout: 120_000 }, () => {
  const set = sampleSet(10_000, (at) => ({ slice: `s${at % 20}`, cluster: `doc-${at % 2_500}` }));
  const draw = random(5);
  const scorers = [
    { metric: "exact", scorer: "exact", version: "1" },
    { metric: "helpful", scorer: "judge", version: "1", judge },
  ];
  const score = (): Record<string, number> => ({ exact: draw() < 0.8 ? 1 : 0, helpful: draw() });
  const baseline = sampleResults(set, score, { repeats: 3, scorers });
  const candidate = sampleResults(set, score, { bundle: "green", repeats: 3, scorers });
  const metrics = [
    passRate,
    { kind: "quality", metric: "helpful", by: "judge", judge, margin: 0.05 },
  ] as const;
  const policy = { metrics, critical: [{ slice: "s3", margins: { exact: 0.1 } }] };
  const evidence = gate({ set, baseline, candidate, policy });
  expect(evidence.verdict).toBe("pass");
  expect(evidence.slices).toHaveLength(38);
  expect(evidence.metrics[0]).toMatchObject({ n: 10_000, clusters: 2_500 });
});
