import {
  bettingInterval,
  clusteredMean,
  mcnemar,
  signFlip,
  tangoInterval,
  tInterval,
  tWorse,
} from "@verdigris/statistics";
import type { Scores } from "./gate-world.ts";

/** What the gate says of one metric, and what simpler rules would have said. */
export interface Decision {
  readonly gate: "pass" | "fail" | "inconclusive";
  readonly meanLower: boolean;
  readonly anyCaseRegressed: boolean;
  readonly underThreshold: boolean;
}

const threshold = 0.8;

function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

interface Evidence {
  readonly lower: number;
  readonly p: number;
}

function evidenceOf(differences: readonly number[], { blue, clusters }: Scores): Evidence {
  if (clusters === undefined && blue[0]?.length === 1) {
    const gained = differences.filter((difference) => difference > 0).length;
    const lost = differences.filter((difference) => difference < 0).length;
    const { lower } = tangoInterval({ gained, lost, n: differences.length });
    return { lower, p: mcnemar({ gained, lost }).midPWorse };
  }
  const sample = clusters === undefined ? { values: differences } : { values: differences, clusters };
  const estimate = clusteredMean(sample);
  const differing = differences.filter((difference) => difference !== 0).length;
  if (estimate.clusters >= 30 && differing >= 10) {
    return { lower: tInterval(estimate).lower, p: tWorse(estimate) };
  }
  const values = clusters === undefined ? differences : clusterMeans(differences, clusters);
  const labelled = clusters === undefined ? { differences } : { differences, clusters };
  return { lower: bettingInterval({ values }).lower, p: signFlip({ ...labelled, draws: 999 }).worse };
}

function clusterMeans(values: readonly number[], clusters: readonly string[]): readonly number[] {
  const found = new Map<string, number[]>();
  for (const [i, value] of values.entries()) {
    const label = clusters[i] ?? "";
    const list = found.get(label) ?? [];
    list.push(value);
    found.set(label, list);
  }
  return [...found.values()].map(mean);
}

export function decide(scores: Scores, margin: number): Decision {
  const blue = scores.blue.map(mean);
  const green = scores.green.map(mean);
  const differences = green.map((value, i) => value - (blue[i] ?? 0));
  const { lower, p } = evidenceOf(differences, scores);
  const gate = lower > -margin ? "pass" : p <= 0.05 ? "fail" : "inconclusive";
  return {
    gate,
    meanLower: mean(differences) < 0,
    anyCaseRegressed: green.some((value, i) => value < 0.5 && (blue[i] ?? 0) > 0.5),
    underThreshold: mean(green) < threshold,
  };
}
