import type { Bench, Findings } from "./report.ts";
import { shadowUserPath } from "./shadow-user-path.ts";
import { shadowVerdicts } from "./shadow-verdicts.ts";

async function run(progress: (text: string) => void): Promise<Findings> {
  const parts = [await shadowUserPath(progress), shadowVerdicts(progress)];
  return { rows: parts.flatMap(({ rows }) => rows), goals: parts.flatMap(({ goals }) => goals) };
}

export const shadow: Bench = {
  name: "shadow",
  sentence:
    "What a mirror costs the user it must not reach, and how often its verdict is right, by seeded simulation.",
  run,
};
