import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { claimsOf } from "./claims.ts";
import { showClosing } from "./closing.ts";
import { fewestQuestions, playDemo } from "./demo.ts";
import { createView } from "./progress.ts";

const help = `npm run demo -- [options]

  --limit N   ask N different questions (${fewestQuestions} or more; all of them otherwise)
  --reports D put the reports of the gate into folder D (a new one in the temporary folder otherwise)
  --json      print one JSON document, and nothing else, on standard output
  --keep      keep the store and the paused run, and say where they are
  --help      print this`;

const options = {
  limit: { type: "string", default: "Infinity" },
  reports: { type: "string", default: "" },
  json: { type: "boolean", default: false },
  keep: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

function readOptions() {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${help}`);
    return null;
  }
}

async function main(): Promise<number> {
  const values = readOptions();
  if (values === null) return 2;
  if (values.help) {
    console.log(help);
    return 0;
  }
  const limit = Number(values.limit);
  if (!(limit >= fewestQuestions)) {
    console.error(`--limit must be at least ${fewestQuestions}, got ${values.limit}`);
    return 2;
  }
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
  const directory = mkdtempSync(join(tmpdir(), "verdigris-demo-"));
  const view = createView(values.json ? process.stderr : process.stdout);
  try {
    const reports =
      values.reports === "" ? mkdtempSync(join(tmpdir(), "verdigris-gate-")) : resolve(values.reports);
    const report = await playDemo({ directory, reports, limit, view, signal: stop.signal });
    const claims = claimsOf(report);
    const seconds = Math.round(performance.now() / 100) / 10;
    showClosing(report, claims, view);
    view.line(`\n${seconds} s in all; the reports of the gates are in ${reports}`);
    if (values.json) console.log(JSON.stringify({ ...report, claims, seconds }, null, 2));
    const failed = claims.filter(({ held }) => !held);
    for (const { claim } of failed) console.error(`did not hold: ${claim}`);
    return failed.length === 0 ? 0 : 1;
  } catch (error) {
    if (stop.signal.aborted) {
      view.line("\nstopped");
      return 130;
    }
    console.error(error);
    return 1;
  } finally {
    // Ends the other processes too.
    stop.abort();
    if (values.keep) view.line(`kept ${directory}`);
    else rmSync(directory, { recursive: true, force: true });
  }
}

process.exitCode = await main();
