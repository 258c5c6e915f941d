import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createDetectors, storeSource } from "@verdigris/detectors";
import { createDriftBook } from "@verdigris/detectors/drift";
import { createReleases } from "@verdigris/release";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { agentName } from "./bundles.ts";
import { lagMs, watchRules } from "./watch.ts";

/** What this process tells when it is done. */
export interface ControllerReport {
  readonly pid: number;
  /** Clock time from which it had the lease, and at which it gave it up. */
  readonly from: number;
  readonly to: number;
}

/** Drives a release from wherever it stands to its quarantine. It serves nobody and has no pipeline: it has the store. */
const { values } = parseArgs({
  options: { file: { type: "string", default: "" }, release: { type: "string", default: "" } },
});
const store = await createSqliteStore({ file: values.file });
const detectors = createDetectors({
  source: storeSource({ store, agent: agentName, lagMs }),
  rules: watchRules(createDriftBook()),
});
const releases = createReleases({
  ...{ agent: agentName, store, tickMs: 250, signals: detectors.signals },
  // It tries again at its next look.
  onError: (error) => console.error(`   the driver: ${error instanceof Error ? error.message : error}`),
});
await once(process.stdin, "data");
releases.drive();
const from = Date.now();
for (;;) {
  const { release } = await releases.status({ release: values.release });
  const left = release === null || release.outcome !== null || release.held !== null;
  if (left || (release.phase === "quarantine" && release.outbox.length === 0)) break;
  await pause(100);
}
await releases.close();
console.log(JSON.stringify({ pid: process.pid, from, to: Date.now() } satisfies ControllerReport));
await store.close();
process.stdin.destroy();
