import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineEvalSet, type EvalSet, type GateEvidence, resultsLine } from "@verdigris/eval-gate";
import { loadEvalSet } from "@verdigris/eval-gate/node";
import { blue, green1, green2 } from "./routers.ts";

const example = dirname(dirname(fileURLToPath(import.meta.url)));
const [evals, policy] = [join(example, "evals.jsonl"), join(example, "policy.json")];
const folder = await mkdtemp(join(tmpdir(), "gate-only-"));

/** Somebody's own runner: all it owes the gate is this file. */
async function run(id: string, router: (ticket: string) => string, set: EvalSet): Promise<string> {
  const digest = `sha256:${createHash("sha256").update(router.toString()).update(id).digest("hex")}` as const;
  const scorers = [{ metric: "exact", scorer: "exact", version: "1" }];
  const header = {
    v: 1,
    kind: "eval-results",
    set,
    bundle: { id, digest },
    scorers,
    startedAt: Date.now(),
  } as const;
  const { name, version, digest: setDigest } = set;
  const lines = set.cases.map((entry) =>
    resultsLine({
      case: entry.id,
      digest: entry.digest,
      scores: { exact: router(String(entry.input)) === entry.expected ? 1 : 0 },
    }),
  );
  const file = join(folder, `${id}.jsonl`);
  await writeFile(
    file,
    resultsLine({ ...header, set: { name, version, digest: setDigest } }) + lines.join(""),
  );
  return file;
}

/** The gate as CI starts it: a process of its own, known by its exit code. */
async function gate(
  set: string,
  baseline: string,
  candidate: string,
): Promise<{ readonly code: number; readonly evidence: GateEvidence | null }> {
  const out = join(folder, "evidence.json");
  await rm(out, { force: true });
  const program = join(example, "dist/gate.js");
  const code = await new Promise<number>((resolve) => {
    execFile(process.execPath, [program, set, policy, baseline, candidate, out], (error, stdout) => {
      process.stdout.write(stdout);
      resolve(error === null ? 0 : Number(error.code));
    });
  });
  const text = await readFile(out, "utf8").catch(() => null);
  return { code, evidence: text === null ? null : JSON.parse(text) };
}

try {
  const set = await loadEvalSet(evals);
  const live = await run("blue", blue, set);

  const stopped = await gate(evals, live, await run("green1", green1, set));
  assert.equal(stopped.code, 1);
  assert.equal(stopped.evidence?.verdict, "fail");
  assert.ok((stopped.evidence.metrics[0]?.difference ?? 0) > 0, "its average is better");
  assert.ok(stopped.evidence.reasons.some(({ slice }) => slice === "question"));

  const repaired = await run("green2", green2, set);
  const passed = await gate(evals, live, repaired);
  assert.equal(passed.code, 0);
  assert.ok((passed.evidence?.metrics[0]?.difference ?? 0) > 0);

  // Twelve cases cannot tell, and say what could.
  const few = defineEvalSet({ name: set.name, version: "3-few", cases: set.cases.slice(0, 12) });
  const fewFile = join(folder, "few.json");
  await writeFile(fewFile, JSON.stringify(few));
  const unclear = await gate(fewFile, await run("blue", blue, few), await run("green2", green2, few));
  assert.equal(unclear.code, 3);
  assert.equal(unclear.evidence?.verdict, "inconclusive");

  // Somebody edits a case, runs green alone, and compares with what blue said to another question.
  const before = await run("blue", blue, set);
  const edited = defineEvalSet({
    name: set.name,
    version: "4",
    cases: set.cases.map(({ digest, ...entry }, at) =>
      at === 0 ? { ...entry, input: "an easier invoice" } : entry,
    ),
  });
  const editedFile = join(folder, "edited.json");
  await writeFile(editedFile, JSON.stringify(edited));
  const moved = await gate(editedFile, before, await run("green2", green2, edited));
  assert.equal(moved.code, 3);
  assert.equal(moved.evidence?.verdict, "incomparable");

  const missing = await gate(evals, join(folder, "absent.jsonl"), await run("green2", green2, set));
  assert.equal(missing.code, 2);
  assert.equal(missing.evidence?.reasons[0]?.code, "no-baseline");
} finally {
  await rm(folder, { recursive: true, force: true });
}
