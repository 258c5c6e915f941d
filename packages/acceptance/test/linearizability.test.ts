import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aBundle } from "@verdigris/testing";
import { checkLinearizability, createRouteModel } from "@verdigris/testing/linearizability";
import { createVerdigris } from "verdigris";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasEngine } from "./engines.ts";
// @ts-expect-error The programs of the fleet are plain JavaScript, and the test opens stores as they do.
import { openStore, removeStore } from "./fixtures/open-store.mjs";
import { recordHistory, type Walker } from "./histories.ts";

const model = createRouteModel({ generation: 1, live: "blue", stable: "blue" });
const seed = Number(process.env.VERDIGRIS_SEED ?? 20_261);

const stores = [
  { kind: "sqlite", there: true },
  { kind: "postgres", there: await hasEngine("postgres") },
  { kind: "redis", there: await hasEngine("redis") },
] as const;

function fleet(count: number, operations: number, more: Partial<Walker> = {}): Walker[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `walker-${i}`,
    seed: seed + i,
    operations,
    flags: i % 2 === 0 ? ["watch"] : [],
    ...more,
  }));
}

describe.each(stores)(`a fleet of processes on one $kind store, seed ${seed}`, ({ kind, there }) => {
  let directory: string;
  let spec: string;

  beforeEach(async () => {
    if (!there) return;
    directory = await mkdtemp(join(tmpdir(), "verdigris-"));
    const name = `walk_${process.pid}_${crypto.randomUUID().slice(0, 8)}`;
    spec = kind === "sqlite" ? `sqlite:${join(directory, "store.db")}` : `${kind}:${name}`;
    const store = await openStore(spec);
    const verdigris = createVerdigris({ agent: "agent", store, bundle: aBundle("blue"), watch: false });
    for (const id of ["green", "amber"]) await verdigris.register(aBundle(id));
    await verdigris.close();
    await store.close();
  });
  afterEach(async () => {
    if (!there) return;
    await removeStore(spec);
    await rm(directory, { recursive: true, force: true });
  });

  it.runIf(there)(
    "leaves a history that one order explains, with two of its processes killed [ROUTE-LINEARIZABLE] [I3] [I4] [I11]",
    async () => {
      const killed = [37, 62].map((killAfter, i) => ({
        name: `killed-${i}`,
        seed: seed + 100 + i,
        operations: 200,
        killAfter,
      }));
      const history = await recordHistory(spec, [...fleet(3, 60), ...killed]);
      const found = checkLinearizability(model, history, { maxSteps: 2_000_000 });
      // The whole story in the failure: what could not come next, after what.
      const story =
        found.verdict === "not-linearizable" ? [...found.order.slice(-8), "stuck", ...found.stuck] : [];
      expect(JSON.stringify(story)).toBe("[]");
      expect(found.verdict).toBe("linearizable");
      const outcomes = history.map(({ output }) => output?.outcome);
      for (const outcome of ["moved", "conflict", "started", "read"]) expect(outcomes).toContain(outcome);
      expect(history.length).toBeGreaterThan(200);
    },
    90_000,
  );

  it.runIf(there)(
    "is found out when its starts are not fenced [ROUTE-LINEARIZABLE]",
    async () => {
      const history = await recordHistory(spec, [
        ...fleet(2, 60),
        ...fleet(2, 60, { flags: ["unfenced", "paced"] }),
      ]);
      const found = checkLinearizability(model, history, { maxSteps: 2_000_000 });
      expect(found.verdict).toBe("not-linearizable");
    },
    90_000,
  );
});
