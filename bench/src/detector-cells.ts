import type { Family, Regression } from "./detector-world.ts";

/** One cell of the simulation. */
export interface Cell {
  readonly family: Family;
  readonly regression: Regression;
  /** What is to be caught: the name of a signal, and the most minutes its median may take; absent for an unchanged bundle. */
  readonly caught?: { readonly signal: string; readonly within: number };
}

const even = (perMinute: number, more: Partial<Family> = {}): Family => ({
  name: `${perMinute} a minute`,
  green: perMinute,
  blue: perMinute,
  shape: "usual",
  ...more,
});

const unchanged: readonly Family[] = [
  even(6, { name: "iid, 6 a minute" }),
  even(6, { name: "shared load swing", swing: true }),
  even(6, { name: "heavier tail", shape: "heavy" }),
  even(6, { name: "bimodal", shape: "bimodal" }),
  even(6, { name: "10 / 90", green: 3, blue: 27 }),
  even(1, { name: "1 a minute" }),
  even(6, { name: "full switch, history, swing, cold", swing: true, historyHours: 8, baseline: "history" }),
  even(6, { name: "full switch, holdback of 5 %", green: 28.5, blue: 1.5, baseline: "holdback" }),
];

const limits = [
  { perMinute: 6, latency: 15, cost: 22, pass: 25 },
  { perMinute: 30, latency: 4, cost: 6, pass: 5 },
] as const;

/** Unchanged bundles of every family, and three regressions at two rates. */
export const cells: readonly Cell[] = [
  ...unchanged.map((family) => ({ family, regression: {} })),
  ...limits.flatMap(({ perMinute, latency, cost, pass }): Cell[] => [
    {
      family: even(perMinute),
      regression: { latency: 2 },
      caught: { signal: "latency-regression", within: latency },
    },
    { family: even(perMinute), regression: { cost: 2 }, caught: { signal: "cost-regression", within: cost } },
    {
      family: even(perMinute),
      regression: { passRate: 0.8 },
      caught: { signal: "pass-rate-floor", within: pass },
    },
  ]),
];
