import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock } from "@verdigris/testing";
import { describe, expect, it } from "vitest";
import { hasEngine } from "../../acceptance/test/engines.ts";
// @ts-expect-error The programs of the fleet are plain JavaScript, and the test opens stores as they do.
import { openStore, removeStore } from "../../acceptance/test/fixtures/open-store.mjs";
import { inTestTime } from "./engine-time.ts";
import { type Aftermath, type Ground, killEverywhere, killRollbackEverywhere } from "./kill-everywhere.ts";

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

const wentBack = {
  live: "blue",
  stable: "blue",
  denied: true,
  outcome: "rolled-back",
  verbs: ["open", "stage", "setCanary", "flip", "rollback"],
};

function hasGoneBack(aftermath: Aftermath, where: string): void {
  expect(aftermath, where).toMatchObject({ ...wentBack, historyIsWhole: true });
}

describe("in memory, at every commit", { timeout: 120_000 }, () => {
  const ground = (): Ground => {
    const clock = createFakeClock();
    return { clock, store: createMemoryStore({ clock }) };
  };

  it("finishes a release whose driver was killed before or after it, each move made once [I10]", async () => {
    const deaths = await killEverywhere(ground(), { at: "every-commit", check: isWhole });
    expect(deaths).toBeGreaterThan(80);
  });

  it("rolls back by itself whoever dies between the alarm and the end [I10]", async () => {
    const deaths = await killEverywhere(ground(), { at: "every-commit", alarms: true, check: hasGoneBack });
    expect(deaths).toBeGreaterThan(40);
  });

  it("and every read, rolls back by hand whoever dies there, once it is said again [I10]", async () => {
    const deaths = await killRollbackEverywhere(ground(), (aftermath, where) => {
      expect(aftermath, where).toEqual(wentBack);
    });
    expect(deaths).toBeGreaterThan(15);
  });
});

/** `VERDIGRIS_KILLS=every-commit` takes about a minute longer. */
const asked = process.env.VERDIGRIS_KILLS === "every-commit" ? "every-commit" : undefined;

const engines = [
  { kind: "sqlite", there: true, at: "every-commit" },
  { kind: "redis", there: await hasEngine("redis"), at: "every-commit" },
  // It waits for the disk at every commit: at the first of each kind, or at all of them where that is asked for.
  { kind: "postgres", there: await hasEngine("postgres"), at: asked ?? "each-kind" },
] as const;

const says = { "every-commit": "any of its commits", "each-kind": "the first of each kind of its commits" };

describe.each(engines)("on $kind", { timeout: 120_000 }, ({ kind, there, at }) => {
  async function on(work: (ground: Ground) => Promise<void>): Promise<void> {
    const directory = await mkdtemp(join(tmpdir(), "verdigris-"));
    const name = `kill_${process.pid}_${crypto.randomUUID().slice(0, 8)}`;
    const spec = kind === "sqlite" ? `sqlite:${join(directory, "store.db")}` : `${kind}:${name}`;
    const clock = createFakeClock();
    try {
      const opened = await openStore(spec);
      try {
        await work({ clock, ...inTestTime(opened, clock) });
      } finally {
        await opened.close();
      }
    } finally {
      // Also after a red run: what it leaves would stand in the engine for ever.
      await removeStore(spec);
      await rm(directory, { recursive: true, force: true });
    }
  }

  it.runIf(there)(
    `finishes a release whose driver was killed before or after ${says[at]}, each move made once [I10]`,
    () =>
      on(async (ground) => {
        const deaths = await killEverywhere(ground, { at, check: isWhole });
        expect(deaths).toBeGreaterThan(40);
      }),
  );

  it.runIf(there)(
    `rolls back by itself whoever dies at ${says["each-kind"]} between the alarm and the end [I10]`,
    () =>
      on(async (ground) => {
        const deaths = await killEverywhere(ground, { at: "each-kind", alarms: true, check: hasGoneBack });
        expect(deaths).toBeGreaterThan(30);
      }),
  );
});
