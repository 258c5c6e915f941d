import type { RouteMove } from "@verdigris/contracts";
import { verifyAudit } from "@verdigris/router";
import { describe, expect, it } from "vitest";
import { createWorld, move, openBlue, type World } from "./world.ts";

const onBlue: RouteMove & { readonly verb: "reanchor" } = {
  verb: "reanchor",
  bundle: "blue",
  incarnation: "second",
};

describe("a route record that is damaged", () => {
  async function damage(text: string, { records, keys }: World): Promise<void> {
    const { rev } = (await records.get([keys.route])).entries[0]!;
    await records.commit([{ op: "put", key: keys.route, rev, value: text }]);
  }

  it.each([
    ["no JSON", "{"],
    ["no record", '"blue"'],
    ["a record without its parts", '{"v":1,"live":"blue"}'],
  ])("stops everything, and a reanchor takes its place: %s [ROUTE-REANCHOR]", async (_what, text) => {
    const world = await createWorld();
    const [knows, late] = [world.router({ store: world.records }), world.router({ store: world.records })];
    await move(knows, openBlue);
    await move(knows, { verb: "flip", bundle: "green" });
    await damage(text, world);
    for (const router of [knows, late])
      await expect(router.refresh()).rejects.toMatchObject({ code: "record-corrupt" });
    await expect(move(knows, { verb: "settle" })).rejects.toMatchObject({ code: "record-corrupt" });
    await expect(move(late, openBlue)).rejects.toMatchObject({ code: "record-corrupt" });
    const result = await move(knows, { ...onBlue, stable: "green" }, { expect: 0 });
    expect(result).toMatchObject({
      outcome: "moved",
      generation: 3,
      route: {
        live: "blue",
        stable: "green",
        predecessors: [{ incarnation: "first", generation: 2 }],
      },
    });
    expect((await late.refresh())?.route).toEqual(result.route);
    expect(await verifyAudit(world.records, "agent")).toMatchObject({ ok: true, entries: 3 });
  });

  it("is gone on after by a process that never saw it, and nobody overlooks what others know [ROUTE-REANCHOR]", async () => {
    const world = await createWorld();
    const [knows, late] = [world.router({ store: world.records }), world.router({ store: world.records })];
    await move(knows, openBlue);
    await damage("{", world);
    expect(await move(late, onBlue, { expect: 1 })).toMatchObject({ outcome: "conflict" });
    const result = await move(late, onBlue, { expect: 0 });
    expect(result).toMatchObject({ outcome: "moved", generation: 2, route: { predecessors: [] } });
    await expect(knows.refresh()).rejects.toMatchObject({ code: "store-regressed" });
    expect(await move(knows, { ...onBlue, incarnation: "third" }, { expect: 2 })).toMatchObject({
      outcome: "moved",
      generation: 3,
    });
    expect((await late.refresh())?.route.incarnation).toBe("third");
  });

  it("of a later format is no damage, and stays", async () => {
    const world = await createWorld();
    const router = world.router({ store: world.records });
    await move(router, openBlue);
    await world.rewrite((route) => ({ ...route, v: 99 }));
    await expect(move(router, onBlue, { expect: 0 })).rejects.toMatchObject({ code: "record-too-new" });
  });

  it("is replaced as it was seen: of two reanchors one wins [I3]", async () => {
    const world = await createWorld();
    const router = world.router();
    await move(router, openBlue);
    await damage("{", world);
    const other = world.router({ store: world.records });
    const stop = world.store.onCommit(async () => {
      stop();
      await move(other, { ...onBlue, incarnation: "theirs" }, { expect: 0 });
    });
    expect(await move(router, onBlue, { expect: 0 })).toMatchObject({
      outcome: "conflict",
      route: { incarnation: "theirs" },
    });
  });
});
