import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import type { EvalCaseInput, GateEvidence, GateOptions, GatePolicyInput } from "../src/index.ts";
import { gate, judge, passRate, random, sampleResults, sampleSet } from "./samples.ts";

const scorers = [
  { metric: "exact", scorer: "exact", version: "1" },
  { metric: "helpful", scorer: "judge", version: "1", judge },
  { metric: "safe", scorer: "safe", version: "1" },
];
const quality = { kind: "quality", metric: "helpful", by: "judge", judge, margin: 0.05 } as const;
const rare = { kind: "rare-event", metric: "safe", ceiling: 0.01 } as const;
const documents = (at: number): Partial<EvalCaseInput> => ({
  slice: `s${at % 7}`,
  cluster: `d${at % 40}`,
  mustPass: at % 50 === 0,
});
const production = { slices: { s0: 400, s1: 100, s2: 100, s3: 100, s4: 100, s5: 100, s6: 100 } };

interface Scenario {
  readonly n: number;
  readonly repeats: number;
  readonly of?: (at: number) => Partial<EvalCaseInput>;
  readonly loss?: number;
  readonly policy: GatePolicyInput;
  readonly more?: Partial<GateOptions>;
}

function evidenceOf({ n, repeats, of, loss = 0, policy, more }: Scenario): GateEvidence {
  const set = sampleSet(n, of);
  const draw = random(n + repeats);
  const arm = (bundle: "blue" | "green", rate: number): GateOptions["candidate"] =>
    sampleResults(
      set,
      (at) => ({
        exact: at % 50 === 0 || draw() < rate - (at % 7) / 40 ? 1 : 0,
        helpful: Math.round(draw() * 4) / 4,
        safe: draw() < 0.002 ? 0 : 1,
      }),
      { bundle, repeats, scorers, cost: 0.003 },
    );
  return gate({
    ...{ set, baseline: arm("blue", 0.9), candidate: arm("green", 0.9 - loss), policy },
    ...more,
  });
}

const three = { metrics: [{ ...passRate, floor: 0.7 }, quality, rare] } as const;
const scenarios: Readonly<Record<string, Scenario>> = {
  "one pass or fail a case": { n: 300, repeats: 1, policy: { metrics: [passRate] } },
  "a loss, one run a case": { n: 300, repeats: 1, loss: 0.2, policy: three },
  "few cases in few clusters": { n: 40, repeats: 2, of: (at) => ({ cluster: `d${at % 9}` }), policy: three },
  "three repeats, slices and clusters": { n: 700, repeats: 3, of: documents, policy: three },
  "a critical slice and two looks": {
    n: 700,
    repeats: 3,
    of: documents,
    loss: 0.03,
    policy: { ...three, looks: 2, critical: [{ slice: "s3", margins: { exact: 0.1, helpful: 0.2 } }] },
  },
  "weighted to production": {
    ...{ n: 700, repeats: 2, of: documents, more: { production, prompts: [] } },
    policy: { ...three, coverage: { onFail: "post-stratify" } },
  },
  "weighted and few": {
    ...{ n: 60, repeats: 1, of: (at) => ({ slice: `s${at % 7}` }), more: { production } },
    policy: { ...three, coverage: { onFail: "post-stratify", minCases: 2 } },
  },
  "the first bundle": { n: 100, repeats: 2, policy: three, more: { baseline: "first-bundle" } },
  "eleven repeats, whose sums round": { n: 90, repeats: 11, of: documents, policy: three },
};

it.each(Object.keys(scenarios))("the same results give the same bytes: %s [GATE-EVIDENCE]", (name) => {
  const { [name]: scenario } = scenarios;
  if (scenario === undefined) throw new Error(name);
  const evidence = evidenceOf(scenario);
  const bytes = createHash("sha256").update(JSON.stringify(evidence)).digest("hex").slice(0, 16);
  expect(
    `${evidence.verdict} ${evidence.reasons.map(({ code }) => code).join(" ")} ${bytes}`,
  ).toMatchSnapshot();
});
