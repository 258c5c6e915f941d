import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { aBundle } from "@verdigris/testing";
import { checkLinearizability, createRouteModel } from "@verdigris/testing/linearizability";
import { createVerdigris } from "verdigris";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { recordHistory, type Walker } from "./histories.ts";

const model = createRouteModel({ generation: 1, live: "blue", stable: "blue" });
const seed = Number(process.env.VERDIGRIS_SEED ?? 20_261);

function fleet(count: number, operations: number, more: Partial<Walker> = {}): Walker[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `walker-${i}`,
    seed: seed + i,
    operations,
    flags: i % 2 === 0 ? ["watch"] : [],
    ...more,
  }));
}

describe(`a fleet of processes on one SQLite file, seed ${seed}`, () => {
  let directory: string;
  let spec: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "verdigris-"));
    const file = join(directory, "store.db");
    spec = `sqlite:${file}`;
    const store = await createSqliteStore({ file });
    const verdigris = createVerdigris({ agent: "agent", store, bundle: aBundle("blue"), watch: false });
    for (const id of ["green", "amber"]) await verdigris.register(aBundle(id));
    await verdigris.close();
    await store.close();
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("leaves a history that one order explains, with two of its processes killed [ROUTE-LINEARIZABLE] [I3] [I4]", async () => {
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
  }, 90_000);

  it("is found out when its starts are not fenced [ROUTE-LINEARIZABLE]", async () => {
    const history = await recordHistory(spec, [...fleet(2, 60), ...fleet(2, 60, { flags: ["unfenced"] })]);
    expect(checkLinearizability(model, history, { maxSteps: 2_000_000 }).verdict).toBe("not-linearizable");
  }, 90_000);
});
