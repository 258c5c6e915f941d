import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryStore } from "@verdigris/store-memory";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { createFakeClock } from "@verdigris/testing";
import { expect, it } from "vitest";
import { type Aftermath, killEverywhere, killRollbackEverywhere } from "./kill-everywhere.ts";

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

it("finishes a release whose driver was killed before or after any of its commits, each move made once [I10]", {
  timeout: 120_000,
}, async () => {
  const clock = createFakeClock();
  const store = createMemoryStore({ clock });
  const deaths = await killEverywhere({ store, clock, stride: 1, strideOfReads: 10, check: isWhole });
  expect(deaths).toBeGreaterThan(80);
});

it("finishes it on a file as well, at every sixth commit [I10]", { timeout: 120_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), "verdigris-"));
  const clock = createFakeClock();
  const store = await createSqliteStore({ file: join(directory, "store.db"), synchronous: "normal", clock });
  const deaths = await killEverywhere({ store, clock, stride: 6, strideOfReads: 1_000, check: isWhole });
  expect(deaths).toBeGreaterThan(10);
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

const wentBack = {
  live: "blue",
  stable: "blue",
  denied: true,
  outcome: "rolled-back",
  verbs: ["open", "stage", "setCanary", "flip", "rollback"],
};

it("rolls back by itself whoever dies at whichever call between the alarm and the end [I10]", {
  timeout: 120_000,
}, async () => {
  const clock = createFakeClock();
  const store = createMemoryStore({ clock });
  const check = (aftermath: Aftermath, where: string): void => {
    expect(aftermath, where).toMatchObject({ ...wentBack, historyIsWhole: true });
  };
  expect(
    await killEverywhere({ store, clock, stride: 1, strideOfReads: 1_000, alarms: true, check }),
  ).toBeGreaterThan(40);
});

it("rolls back by hand whoever dies at whichever call of the verb, once it is said again [I10]", {
  timeout: 120_000,
}, async () => {
  const clock = createFakeClock();
  const store = createMemoryStore({ clock });
  const deaths = await killRollbackEverywhere(store, clock, (aftermath, where) => {
    expect(aftermath, where).toEqual(wentBack);
  });
  expect(deaths).toBeGreaterThan(15);
});
