import { createReadStream, existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { definePolicy, evaluateGate, readResults } from "@verdigris/eval-gate";
import { loadEvalSet } from "@verdigris/eval-gate/node";

// What runs in CI: node gate.js evals policy.json blue.jsonl green.jsonl evidence.json
const [evals = "", policyFile = "", blueFile = "", greenFile = "", evidenceFile = ""] = process.argv.slice(2);

// Anything that throws is no verdict: a broken file, a wrong score, a policy that is none.
process.exitCode = 2;
const policy = definePolicy(JSON.parse(await readFile(policyFile, "utf8")));
const set = await loadEvalSet(evals);
const candidate = await readResults(createReadStream(greenFile));
// Without a results file of the live bundle there is nothing to compare with, and the gate says so.
const baseline = existsSync(blueFile) ? await readResults(createReadStream(blueFile)) : undefined;
const evidence = evaluateGate({ set, policy, candidate, baseline: baseline as NonNullable<typeof baseline> });

console.log(evidence.summary);
for (const { code, text } of evidence.reasons) console.log(`  ${code}: ${text}`);
for (const { code, text } of evidence.notes) console.log(`  note ${code}: ${text}`);
await writeFile(evidenceFile, JSON.stringify(evidence, null, 2));
process.exitCode = evidence.exitCode;
