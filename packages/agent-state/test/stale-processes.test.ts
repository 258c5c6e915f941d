import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMemoryStore } from "@verdigris/store-memory";
import { createSqliteStore } from "@verdigris/store-sqlite";
import { createFakeClock, createFaultyStore } from "@verdigris/testing";
import Keyv from "keyv";
import { describe, expect, it } from "vitest";
import { type AgentState, createAgentState, createKeyvBacking, createStoreBacking } from "../src/index.ts";
import { memoryOf, settled, viewOf } from "./world.ts";

describe("a process that has not heard of a promotion", () => {
  it("writes where its bundle's writes belong, at once, over a store", async () => {
    const clock = createFakeClock();
    const store = createMemoryStore();
    const open = () =>
      createAgentState({ backing: createStoreBacking(store, "docs"), clock, refreshMs: 3_600_000 });
    const [here, there] = [open(), open()];
    await here.branch({ bundle: "blue", from: null });
    await here.branch({ bundle: "green", from: "blue" });
    await memoryOf(there, "green").set("before", 1);
    await memoryOf(there, "blue").set("old", 1);
    await here.promote("green");
    // What it knows is an hour out of date, and the fence tells it so.
    await memoryOf(there, "green").set("after", 2);
    expect(await viewOf(here, "green")).toEqual({ before: 1, old: 1, after: 2 });
    await expect(memoryOf(there, "blue").set("late", 1)).rejects.toMatchObject({ code: "layer-unknown" });
  });

  it.each(["promote", "rollback"] as const)(
    "writes by the lineage as it is, even where a %s falls between what it read and its commit [I12]",
    async (move) => {
      const inner = createMemoryStore();
      const store = createFaultyStore(inner);
      const [here, there] = [inner, store].map((one) =>
        createAgentState({ backing: createStoreBacking(one, "docs") }),
      ) as [AgentState, AgentState];
      await here.branch({ bundle: "blue", from: null });
      await here.branch({ bundle: "green", from: "blue" });
      await memoryOf(there, "green").set("before", 1);
      let moves = 0;
      store.onCommit(async () => {
        moves += 1;
        if (moves > 1) return;
        // Green comes again after a rollback: what is written from here on belongs to its new layer.
        await here[move]("green");
        if (move === "rollback") await here.branch({ bundle: "green", from: "blue" });
      });
      await memoryOf(there, "green").set("late", 2);
      expect(moves).toBe(2);
      const kept = move === "promote" ? { before: 1, late: 2 } : { late: 2 };
      expect(await viewOf(here, "green")).toEqual(kept);
    },
  );

  it("says of a delete that found nothing any more that it deleted nothing, and hides nothing", async () => {
    const inner = createMemoryStore();
    const store = createFaultyStore(inner);
    const [here, there] = [inner, store].map((one) =>
      createAgentState({ backing: createStoreBacking(one, "docs") }),
    ) as [AgentState, AgentState];
    await here.branch({ bundle: "blue", from: null });
    await here.branch({ bundle: "green", from: "blue" });
    await memoryOf(here, "blue").setMany(["a", "b"].map((key) => ({ key, value: 1 })));
    await memoryOf(there, "green").get("a");
    const stop = store.onCommit(async () => {
      stop();
      await memoryOf(here, "blue").delete("a");
      await here.branch({ bundle: "next", from: "green" });
    });
    expect(await memoryOf(there, "green").deleteMany(["a", "b"])).toBe(1);
    await memoryOf(here, "blue").setMany(["a", "b"].map((key) => ({ key, value: 2 })));
    expect(await viewOf(here, "green")).toEqual({ a: 2 });
  });

  it("has time to hear of it before a layer is folded, over a keyv", async () => {
    const clock = createFakeClock();
    const keyv = new Keyv();
    const open = () => createAgentState({ backing: createKeyvBacking(keyv), clock });
    const [here, there] = [open(), open()];
    await here.branch({ bundle: "blue", from: null });
    await here.branch({ bundle: "green", from: "blue" });
    await memoryOf(there, "green").set("before", 1);
    const promotion = here.promote("green");
    await clock.advance(900);
    await memoryOf(there, "green").set("meanwhile", 2);
    await settled(clock, promotion);
    expect(await viewOf(there, "green")).toEqual({ before: 1, meanwhile: 2 });
    expect(await viewOf(here, "green")).toEqual({ before: 1, meanwhile: 2 });
  });

  it("loses no acknowledged write of either, over one SQLite file while it promotes", async () => {
    const folder = await mkdtemp(join(tmpdir(), "agent-state-"));
    const stores = await Promise.all(
      [1, 2].map(() => createSqliteStore({ file: join(folder, "memory.db") })),
    );
    const [here, there] = stores.map((store) =>
      createAgentState({ backing: createStoreBacking(store, "docs"), refreshMs: 3_600_000 }),
    ) as [AgentState, AgentState];
    await here.branch({ bundle: "blue", from: null });
    await here.branch({ bundle: "green", from: "blue" });
    const acknowledged: Record<string, number> = {};
    let over = false;
    const writing = (async () => {
      for (let n = 0; !over || n < 40; n += 1) {
        await memoryOf(there, "green").set(`k${n % 50}`, n);
        acknowledged[`k${n % 50}`] = n;
      }
    })();
    for (let round = 0; round < 3; round += 1) await here.promote("green");
    over = true;
    await writing;
    expect(await viewOf(here, "green")).toEqual(acknowledged);
    await Promise.all(stores.map((store) => store.close()));
    await rm(folder, { recursive: true });
  });
});
