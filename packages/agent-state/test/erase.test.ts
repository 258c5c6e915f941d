import { describe, expect, it } from "vitest";
import type { Erasable } from "../src/index.ts";
import { backings, createWorld, dyingBacking, memoryOf, viewOf, type World } from "./world.ts";

const ada = { subject: "ada" };
const bob = { subject: "bob" };

/** Ada and Bob in the base, in blue's layer, in green's, and in a parked one. */
async function peopled({ state, settled }: World): Promise<void> {
  await state.branch({ bundle: "old", from: null });
  for (const who of [ada, bob]) await memoryOf(state, "old", who).set("base", 1);
  await settled(state.promote("old"));
  await state.branch({ bundle: "blue", from: "old" });
  await state.branch({ bundle: "failed", from: "blue" });
  await state.branch({ bundle: "green", from: "blue" });
  for (const who of [ada, bob]) {
    await memoryOf(state, "blue", who).set("blue", 1);
    await memoryOf(state, "failed", who).set("failed", 1);
    await memoryOf(state, "green", { ...who, namespace: "facts" }).set("said", 1);
    await memoryOf(state, "green", who).delete("base");
  }
  await settled(state.rollback("failed"));
}

async function rowsOf({ backing }: World, text: string): Promise<readonly string[]> {
  const rows = await backing.list("layer/", { limit: 1_000 });
  return rows.map(({ key }) => key).filter((key) => key.includes(text));
}

describe.each(Object.keys(backings))("an erasure over %s", (kind) => {
  it("removes a subject from every layer, parked ones included, and says what it removed [STATE-ERASE]", async () => {
    const world = createWorld(kind, { newId: () => "e1" });
    await peopled(world);
    const receipt = await world.settled(world.state.erase(ada));
    expect(await rowsOf(world, "/ada/")).toEqual([]);
    expect((await rowsOf(world, "/bob/")).length).toBe(5);
    expect(receipt).toMatchObject({ id: "e1", others: {}, total: 5 });
    const byBundle = Object.entries(receipt.layers).map(([layer, count]) => [layer.split(".")[0], count]);
    expect(Object.fromEntries(byBundle)).toEqual({ base: 1, old: 0, blue: 1, failed: 1, green: 2 });
    expect((await world.settled(world.state.erase(ada))).total).toBe(0);
  });

  it("removes by namespace and by the beginning of a key, and only what meets all that is named", async () => {
    const world = createWorld(kind);
    await peopled(world);
    expect((await world.settled(world.state.erase({ namespace: "facts", subject: "bob" }))).total).toBe(1);
    expect((await world.settled(world.state.erase({ prefix: "fail" }))).total).toBe(2);
    expect((await world.settled(world.state.erase({ namespace: "facts", prefix: "x" }))).total).toBe(0);
    expect(await viewOf(world.state, "blue", ada)).toEqual({ base: 1, blue: 1 });
  });

  it("reaches scratches and everything that was passed as erasable", async () => {
    const samples = new Set(["ada", "bob"]);
    const recordings: Erasable = {
      name: "recordings",
      erase: async ({ subject }) => Number(subject !== undefined && samples.delete(subject)),
    };
    const world = createWorld(kind, { erasables: [recordings] });
    await peopled(world);
    const shadow = memoryOf(world.state, "green", ada, "shadow", "s1");
    await shadow.set("secret", 1);
    const receipt = await world.settled(world.state.erase(ada));
    expect(receipt.others).toEqual({ recordings: 1 });
    expect(receipt.layers.scratch).toBe(1);
    expect(samples).toEqual(new Set(["bob"]));
    expect(await memoryOf(world.state, "green", ada, "shadow", "s1").get("secret")).toBeUndefined();
  });

  it("is not undone by a fold-down or a cherry-pick that is under way [STATE-ERASE]", async () => {
    const world = createWorld(kind);
    await peopled(world);
    const keys = [{ namespace: "memory", subject: "ada", key: "failed" }];
    let erasure: Promise<unknown> | null = null;
    const promotion = world.state.promote("green", {
      onProgress: () => {
        erasure ??= world.state.erase(ada);
      },
    });
    await world.settled(promotion);
    await world.settled(erasure ?? Promise.reject(new Error("the promotion copied nothing")));
    await world.settled(world.state.resume());
    expect(await rowsOf(world, "/ada/")).toEqual([]);
    expect(await world.state.cherryPick({ from: "failed", into: "green", keys })).toEqual({
      picked: 0,
      missing: keys,
    });
    expect(await viewOf(world.state, "green", bob)).toEqual({ blue: 1 });
  });

  it("is over when it says so, whatever page a fold-down has already read [STATE-ERASE]", async () => {
    const world = createWorld(kind);
    await peopled(world);
    const { state, backing, open, settled } = world;
    const seen: unknown[] = [];
    let erased = 0;
    const slow = {
      ...backing,
      async write(...args: Parameters<typeof backing.write>) {
        const folds = args[0].some(({ key, text }) => key.startsWith("layer/base/") && text !== null);
        // The page is read and still holds Ada; from here on nobody may see her, not even for a moment.
        if (folds && erased === 0) erased = (await state.erase(ada)).total;
        const written = await backing.write(...args);
        if (folds) seen.push(await viewOf(state, "green", ada), await rowsOf(world, "base/memory/ada/"));
        return written;
      },
    };
    await settled(open({ backing: slow }).promote("green"));
    expect(erased).toBeGreaterThan(0);
    // A keyv cannot refuse the write under way; what it brought back goes with the end of the fold-down.
    if (backing.fenced)
      expect(new Set(seen.map((one) => JSON.stringify(one)))).toEqual(new Set(["{}", "[]"]));
    expect(await rowsOf(world, "/ada/")).toEqual([]);
  });

  it("is not undone by what a rollback carries over meanwhile [STATE-ERASE]", async () => {
    const world = createWorld(kind, { namespaces: { facts: { onRollback: "carry" } } });
    const { state, backing, open, settled } = world;
    await state.branch({ bundle: "blue", from: null });
    await state.branch({ bundle: "green", from: "blue" });
    await memoryOf(state, "green", { ...ada, namespace: "facts" }).set("said", 1);
    let erased: Promise<unknown> | null = null;
    const slow = {
      ...backing,
      async write(...args: Parameters<typeof backing.write>) {
        const carries = args[0].some(({ key }) => key.includes("layer/blue") && key.endsWith("said"));
        // The whole erasure happens between what the copy read and what it writes.
        if (carries && erased === null) {
          erased = state.erase(ada);
          await erased;
        }
        const written = await backing.write(...args);
        if (backing.fenced && erased !== null)
          expect(await viewOf(state, "blue", { ...ada, namespace: "facts" })).toEqual({});
        return written;
      },
    };
    await settled(open({ backing: slow }).rollback("green"));
    expect(erased).not.toBeNull();
    expect(await viewOf(state, "blue", { ...ada, namespace: "facts" })).toEqual({});
    expect((await backing.list("layer/", { limit: 10 })).map(({ key }) => key)).toEqual([]);
  });

  it("killed at any write and resumed elsewhere, it removes everything and counts what there was [STATE-RESUMABLE]", async () => {
    let deaths = 0;
    for (let nth = 1; ; nth += 1) {
      const world = createWorld(kind);
      await peopled(world);
      const erased: string[] = [];
      const erasables: readonly Erasable[] = [
        { name: "samples", erase: async ({ subject }) => erased.push(subject ?? "") },
      ];
      const doomed = world.open({ backing: dyingBacking(world.backing, nth, "before"), erasables });
      const died = await world.settled(doomed.erase(ada)).then(
        () => false,
        () => true,
      );
      const revived = world.open({ erasables });
      const resumed = await world.settled(revived.resume());
      // Killed before it was written down, it was never asked for.
      if (nth > 1) expect(await rowsOf(world, "/ada/")).toEqual([]);
      if (nth > 1) expect(erased.length).toBeGreaterThan(0);
      if (nth === 1) expect(await rowsOf(world, "/ada/")).toHaveLength(5);
      expect((await rowsOf(world, "/bob/")).length).toBe(5);
      if (!died) {
        expect(resumed).toBe(0);
        return expect(deaths).toBeGreaterThan(8);
      }
      deaths += 1;
    }
  });

  it("refuses to remove everything or nothing by accident", async () => {
    const { state } = createWorld(kind);
    for (const request of [{}, { subject: "" }, { prefix: "" }, { namespace: "a/b" }, undefined]) {
      await expect(state.erase(request as never)).rejects.toMatchObject({ code: "invalid-argument" });
    }
  });
});
