import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const here = new URL(".", import.meta.url);
const told = readdirSync(here)
  .filter((name) => name.endsWith(".test.ts") && name !== "complaints.test.ts")
  .map((name) => readFileSync(new URL(name, here), "utf8"))
  .join("\n");

/** Where users of other tools were let down, as far as a release can do something about it. */
const complaints: Readonly<Record<string, readonly number[]>> = {
  "argo-rollouts": [
    4597, 3850, 3873, 1360, 4393, 841, 2824, 2939, 3669, 2168, 1748, 501, 813, 3414, 1416, 1774, 995, 3110,
    1690, 1852, 2117, 2866, 1905,
  ],
  "argo-cd": [9570, 2180],
  flagger: [
    453, 468, 869, 1694, 635, 1186, 1801, 738, 1248, 1898, 1931, 1588, 1011, 1035, 1098, 1353, 361, 1581, 739,
    225, 1304, 1810, 1815, 724, 1152,
  ],
  orca: [3341],
  ecspresso: [284, 1063],
  "aws-cdk": [36764],
  TWC: [270],
  "temporal-worker-controller": [377, 498],
  "temporal documentation": [4708],
  "hyperswitch-helm": [308],
  "sample-citadel": [76],
  hyperframes: [2840],
};

const cases = Object.entries(complaints).flatMap(([name, numbers]) =>
  numbers.map((number) => ({ name, number })),
);

it.each(cases)(
  "$name#$number has a test that asserts the opposite [RELEASE-SCENARIOS]",
  ({ name, number }) => {
    // Further numbers of a tool follow the first as "#n" in the same sentence.
    expect(told).toMatch(new RegExp(`${name}#(?:\\d+, #)*${number}\\b`));
  },
);
