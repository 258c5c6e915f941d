import { describe, expect, it } from "vitest";
import { createWorld, dyingBacking, memoryOf, viewOf } from "./world.ts";

const dayMs = 86_400_000;

describe.each(["a Map", "a store", "a keyv"])("a rollback over %s", (kind) => {
  it("leaves blue reading as if green had never run, with blue's own writes since [I12]", async () => {
    const { state, settled } = createWorld(kind);
    await state.branch({ bundle: "blue", from: null });
    const blue = memoryOf(state, "blue");
    await blue.set("a", 1);
    await state.branch({ bundle: "green", from: "blue" });
    const green = memoryOf(state, "green");
    await green.set("a", 10);
    await green.set("b", 20);
    await blue.set("c", 3);
    const { parked } = await settled(state.rollback("green"));
    expect(parked).toEqual(["green"]);
    expect(await viewOf(state, "blue")).toEqual({ a: 1, c: 3 });
  });

  it("lets the last runs of the parked bundle go on with what they have", async () => {
    const { state, settled } = createWorld(kind);
    await state.branch({ bundle: "blue", from: null });
    await state.branch({ bundle: "green", from: "blue" });
    await settled(state.rollback("green"));
    await memoryOf(state, "green").set("a", 1);
    expect(await viewOf(state, "green")).toEqual({ a: 1 });
    expect(await viewOf(state, "blue")).toEqual({});
  });

  it("carries over what the user said, unless blue was told otherwise since", async () => {
    const { state, clock, settled } = createWorld(kind, { namespaces: { facts: { onRollback: "carry" } } });
    const facts = { namespace: "facts", subject: "ada" };
    await state.branch({ bundle: "blue", from: null });
    const blue = memoryOf(state, "blue", facts);
    await blue.setMany(["kept", "newer", "gone", "same"].map((key) => ({ key, value: "blue" })));
    await clock.advance(1);
    await state.branch({ bundle: "green", from: "blue" });
    const green = memoryOf(state, "green", facts);
    await green.setMany(["kept", "newer", "said"].map((key) => ({ key, value: "green" })));
    await green.set("brief", "green", { ttlMs: 5_000 });
    await green.delete("gone");
    await memoryOf(state, "green").set("inferred", true);
    await clock.advance(1);
    await blue.set("newer", "blue again");
    await settled(state.rollback("green"));
    const carried = { kept: "green", newer: "blue again", said: "green", same: "blue" };
    expect(await viewOf(state, "blue", facts)).toEqual({ ...carried, brief: "green" });
    expect(await viewOf(state, "blue")).toEqual({});
    await clock.advance(5_000);
    expect(await viewOf(state, "blue", facts)).toEqual(carried);
  });

  it("called again, it hands on what the last runs were told since, and takes nothing back", async () => {
    const { state, clock, settled } = createWorld(kind, { namespaces: { facts: { onRollback: "carry" } } });
    const facts = { namespace: "facts" };
    await state.branch({ bundle: "blue", from: null });
    await state.branch({ bundle: "green", from: "blue" });
    await memoryOf(state, "green", facts).set("a", 1);
    await settled(state.rollback("green"));
    await clock.advance(1);
    await memoryOf(state, "blue", facts).set("a", 2);
    await memoryOf(state, "green", facts).set("b", 3);
    await settled(state.rollback("green"));
    expect(await viewOf(state, "blue", facts)).toEqual({ a: 2, b: 3 });
  });

  it("parks what stands on the bundle with it", async () => {
    const { state, settled } = createWorld(kind);
    await state.branch({ bundle: "blue", from: null });
    await state.branch({ bundle: "green", from: "blue" });
    await state.branch({ bundle: "next", from: "green" });
    await state.branch({ bundle: "other", from: "blue" });
    const { parked } = await settled(state.rollback("green"));
    expect([...parked].sort()).toEqual(["green", "next"]);
    const states = (await state.layers()).map(({ bundle, state: now }) => [bundle, now]);
    expect(Object.fromEntries(states)).toEqual({
      blue: "open",
      green: "parked",
      next: "parked",
      other: "open",
    });
  });

  it("a parked layer is looked into, compared, picked from, and expires", async () => {
    const { state, clock, settled } = createWorld(kind, { keepParkedMs: dayMs });
    await state.branch({ bundle: "blue", from: null });
    const blue = memoryOf(state, "blue");
    await blue.setMany([
      { key: "a", value: 1 },
      { key: "b", value: 2 },
      { key: "c", value: 3 },
    ]);
    await state.branch({ bundle: "green", from: "blue" });
    const green = memoryOf(state, "green");
    await green.setMany([
      { key: "a", value: 10 },
      { key: "c", value: 3 },
      { key: "d", value: 40 },
    ]);
    await green.delete("b");
    await settled(state.rollback("green"));
    const differences = [];
    for await (const difference of state.diff("green")) differences.push(difference);
    const at = { namespace: "memory", subject: null };
    expect(differences).toEqual([
      { ...at, key: "a", change: "changed", before: 1, after: 10 },
      { ...at, key: "b", change: "deleted", before: 2 },
      { ...at, key: "d", change: "added", after: 40 },
    ]);
    const keys = ["b", "d", "never"].map((key) => ({ ...at, key }));
    const picked = await state.cherryPick({ from: "green", into: "blue", keys });
    expect(picked).toEqual({ picked: 2, missing: [{ ...at, key: "never" }] });
    expect(await viewOf(state, "blue")).toEqual({ a: 1, c: 3, d: 40 });
    await expect(state.cherryPick({ from: "green", into: "blue", keys: [] })).rejects.toMatchObject({
      code: "invalid-argument",
    });

    await clock.advance(dayMs - 100_000);
    expect((await settled(state.sweep())).layers).toBe(0);
    await clock.advance(100_000);
    expect((await settled(state.sweep())).layers).toBe(1);
    await expect(memoryOf(state, "green").get("a")).rejects.toMatchObject({ code: "layer-unknown" });
    expect((await state.layers()).map(({ bundle }) => bundle)).toEqual(["blue"]);
  });

  it("a diff compares every row of a large layer, in the order of the keys", async () => {
    const { state } = createWorld(kind);
    const names = Array.from({ length: 250 }, (_, at) => `k${String(at).padStart(3, "0")}`);
    await state.branch({ bundle: "blue", from: null });
    await memoryOf(state, "blue").setMany(names.map((key) => ({ key, value: 0 })));
    await state.branch({ bundle: "green", from: "blue" });
    await memoryOf(state, "green").setMany(names.map((key, at) => ({ key, value: at % 2 })));
    const found = [];
    for await (const { key, change } of state.diff("green")) found.push([key, change]);
    expect(found).toEqual(names.filter((_, at) => at % 2 === 1).map((key) => [key, "changed"]));
  });

  it("nothing goes on from what was rolled back [I12]", async () => {
    const { state, settled } = createWorld(kind);
    await state.branch({ bundle: "blue", from: null });
    await state.branch({ bundle: "green", from: "blue" });
    await settled(state.rollback("green"));
    await expect(state.branch({ bundle: "next", from: "green" })).rejects.toMatchObject({
      code: "layer-frozen",
      details: { bundle: "green" },
    });
    expect((await state.layers()).map(({ bundle }) => bundle)).toEqual(["blue", "green"]);
  });

  it("a bundle that was rolled back may come again, with an empty layer", async () => {
    const { state, settled } = createWorld(kind);
    await state.branch({ bundle: "blue", from: null });
    await state.branch({ bundle: "green", from: "blue" });
    await memoryOf(state, "green").set("a", 1);
    await settled(state.rollback("green"));
    await state.branch({ bundle: "green", from: "blue" });
    expect(await viewOf(state, "green")).toEqual({});
    expect(
      (await state.layers()).filter(({ bundle }) => bundle === "green").map(({ state: now }) => now),
    ).toEqual(["parked", "open"]);
    // What it wrote the first time is looked into and picked from by the name of its layer.
    const layer = (await state.layers()).find((one) => one.state === "parked")?.id ?? "";
    const differences = [];
    for await (const { key, after } of state.diff("green", { layer })) differences.push([key, after]);
    expect(differences).toEqual([["a", 1]]);
    const keys = [{ namespace: "memory", subject: null, key: "a" }];
    expect(await state.cherryPick({ from: "green", layer, into: "green", keys })).toMatchObject({
      picked: 1,
    });
    expect(await viewOf(state, "green")).toEqual({ a: 1 });
    for (const [bundle, other] of [
      ["blue", layer],
      ["green", "green.99"],
      ["green", "__proto__"],
    ] as const) {
      const refused = { code: "layer-unknown" };
      await expect(
        state.cherryPick({ from: bundle, layer: other, into: "blue", keys }),
      ).rejects.toMatchObject(refused);
    }
  });

  it("drop leaves no row behind", async () => {
    const { state, backing, settled } = createWorld(kind);
    await state.branch({ bundle: "blue", from: null });
    await state.branch({ bundle: "green", from: "blue" });
    await memoryOf(state, "green").setMany(
      Array.from({ length: 80 }, (_, index) => ({ key: `k${index}`, value: index })),
    );
    await settled(state.drop("green"));
    const rows = await backing.list("layer/", { limit: 1_000 });
    expect(rows).toEqual([]);
    expect((await state.layers()).map(({ bundle }) => bundle)).toEqual(["blue"]);
  });

  it("killed at any write, what is carried over and dropped is finished by whoever resumes [STATE-RESUMABLE]", async () => {
    let deaths = 0;
    for (let nth = 1; ; nth += 1) {
      for (const when of ["before", "after"] as const) {
        const world = createWorld(kind, { namespaces: { facts: { onRollback: "carry" } } });
        const { state, clock, backing, open, settled } = world;
        await state.branch({ bundle: "blue", from: null });
        await state.branch({ bundle: "green", from: "blue" });
        await memoryOf(state, "green", { namespace: "facts" }).setMany([
          { key: "a", value: 1 },
          { key: "b", value: 2 },
        ]);
        await memoryOf(state, "green").set("inferred", 1);
        const dying = dyingBacking(backing, nth, when);
        const doomed = open({ backing: dying });
        const died = await settled(doomed.rollback("green").then(() => doomed.drop("green"))).then(
          () => false,
          () => true,
        );
        const revived = open();
        await settled(revived.resume());
        await settled(revived.rollback("green").catch(() => {}));
        await clock.advance(1);
        expect(await viewOf(revived, "blue", { namespace: "facts" })).toEqual({ a: 1, b: 2 });
        expect(await viewOf(revived, "blue")).toEqual({});
        if (!died) return expect(deaths).toBeGreaterThan(6);
        deaths += 1;
      }
    }
  });
});
