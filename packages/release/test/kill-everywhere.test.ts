import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryStore } from "@verdigris/store-memory";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { createFakeClock } from "@verdigris/testing";
import { expect, it } from "vitest";
import { type Aftermath, killEverywhere } from "./kill-everywhere.ts";

/** What has to be so at the end, whoever died when. */
function isWhole(aftermath: Aftermath, where: string): void {
  const { calls: _calls, commits: _commits, died: _died, ...left } = aftermath;
  expect(left, where).toEqual({
    verbs: ["open", "stage", "setCanary", "flip", "settle", "seal", "recycle"],
    outcome: "completed",
    live: "green",
    stable: "green",
    denied: false,
    attempts: { smoke: 1, evals: 1, shadow: 1 },
    hooks: aftermath.hooks,
    historyIsWhole: true,
  });
  expect(aftermath.hooks, where).toHaveLength(2);
}

it("finishes a release whose driver was killed at any of its store calls, each move made once [I10]", async () => {
  const clock = createFakeClock();
  const store = createMemoryStore({ clock });
  const deaths = await killEverywhere({ store, clock, stride: 1, check: isWhole });
  expect(deaths).toBeGreaterThan(150);
});

it("finishes it on a file as well, at every eleventh of them [I10]", async () => {
  const directory = await mkdtemp(join(tmpdir(), "verdigris-"));
  const clock = createFakeClock();
  const store = await createSqliteStore({ file: join(directory, "store.db"), synchronous: "normal", clock });
  const deaths = await killEverywhere({ store, clock, stride: 11, check: isWhole });
  expect(deaths).toBeGreaterThan(15);
  await store.close();
  await rm(directory, { recursive: true, force: true });
}, 60_000);
