import type { Store, StoreOp } from "@verdigris/contracts";
import { createFaultyStore, type FaultyStore } from "@verdigris/testing";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createWorld, minutes, settled, type World } from "./world.ts";

const done = { outcome: "completed" } as const;
const fates = ["done", "dropped", "late"] as const;

/**
 * A way to the store that loses replies to what removes pins, and to nothing else: a start that lands after its run was finished
 * is another matter.
 */
function createWay(records: Store): FaultyStore {
  const way = createFaultyStore(records);
  const { commit, loseReply } = way;
  let fates: Parameters<typeof loseReply>[0][] = [];
  return Object.assign(way, {
    loseReply: (fate: (typeof fates)[number]) => void fates.push(fate),
    commit(ops: readonly StoreOp[]) {
      if (fates.length > 0 && ops.some(({ op, key }) => op === "del" && key.includes("/pin/")))
        loseReply(fates.shift());
      return commit(ops);
    },
    reset() {
      fates = [];
    },
  });
}

/** Two processes, each with its own way to one store. */
async function createPair() {
  const world = await createWorld();
  const ways = [createWay(world.records), createWay(world.records)] as const;
  const [a, b] = [
    await world.process({ store: ways[0], sweepMs: "never" }),
    await world.process({ store: ways[1], sweepMs: "never" }),
  ];
  const counted = (): string[] =>
    [a, b].flatMap(({ told }) => [
      ...told["run-finished"].filter(({ unconfirmed }) => unconfirmed !== true).map(({ scope }) => scope.run),
      ...told["finish-settled"].filter(({ result }) => result === "finished").map(({ scope }) => scope.run),
      ...told["run-expired"].filter(({ local }) => !local).map(({ run }) => run),
    ]);
  return { world, ways, a, b, counted };
}

/** Lets every fault end, every deadline pass, and both processes look again. */
async function comeToRest({ clock }: World, ways: readonly FaultyStore[], sweep: () => Promise<unknown>) {
  for (const way of ways) {
    way.up();
    await way.landLate();
    way.reset();
  }
  for (let i = 0; i < 3; i++) {
    await clock.advance(2 * minutes);
    await sweep();
  }
}

describe("the end of a run", () => {
  it.each(fates)(
    "is counted once where the replies to its finish were lost (%s) and it was swept meanwhile [RUN-END-ONCE]",
    async (fate) => {
      const { world, ways, a, b, counted } = await createPair();
      const run = await a.start({ maxAgeMs: minutes });
      for (let i = 0; i < 3; i++) ways[0].loseReply(fate);
      expect(await run.finish(done)).toBe("unconfirmed");
      ways[0].down();
      await world.clock.advance(2 * minutes);
      expect(await b.pinning.sweep()).toBe(fate === "done" ? 0 : 1);
      ways[0].up();
      await world.clock.advance(minutes);
      expect(a.told["finish-settled"]).toMatchObject([
        { result: fate === "done" ? "finished" : "expired", durationMs: 0 },
      ]);
      expect(counted()).toEqual([run.id]);
    },
  );

  it.each(fates)(
    "is told once where the replies to its sweep were lost (%s) [RUN-END-ONCE]",
    async (fate) => {
      const { world, ways, a, b, counted } = await createPair();
      const run = await a.start({ maxAgeMs: minutes });
      await world.clock.advance(2 * minutes);
      for (let i = 0; i < 3; i++) ways[1].loseReply(fate);
      const { get } = ways[1];
      const broken: typeof get = (keys) =>
        keys.some((key) => key.includes("/swept/")) ? Promise.reject(new Error("away")) : get(keys);
      Object.assign(ways[1], { get: broken });
      await expect(b.pinning.sweep()).rejects.toThrow("away");
      Object.assign(ways[1], { get });
      await ways[1].landLate();
      await a.pinning.sweep();
      await b.pinning.sweep();
      expect(counted()).toEqual([run.id]);
    },
  );

  it("is told once where a process sweeps twice at the same time [RUN-END-ONCE]", async () => {
    const { world, a, b, counted } = await createPair();
    const run = await a.start({ maxAgeMs: minutes });
    await world.clock.advance(2 * minutes);
    const swept = await Promise.all([b.pinning.sweep(), b.pinning.sweep()]);
    expect(counted()).toEqual([run.id]);
    expect(swept.toSorted()).toEqual([0, 1]);
  });

  it("that another process made is that one's to count, as long as the store says so [RUN-END-ONCE]", async () => {
    const { world, ways, a, b, counted } = await createPair();
    const run = await a.start({ maxAgeMs: minutes });
    ways[0].down();
    await run.finish(done);
    const taken = await b.pinning.resume(String(run.token), { takeover: true });
    await taken.finish({ outcome: "failed" });
    ways[0].up();
    await world.clock.advance(minutes);
    expect(a.told["finish-settled"]).toMatchObject([{ result: "superseded" }]);
    expect(counted()).toEqual([run.id]);
    expect(b.told["run-finished"]).toMatchObject([{ outcome: "failed" }]);
  });

  it("that cannot be settled holds up no other, and a process that closes tries once more [RUN-END-ONCE]", async () => {
    const { world, ways, a } = await createPair();
    const [spoilt, fine, last] = [await a.start({ id: "job" }), await a.start(), await a.start()];
    ways[0].down();
    await spoilt.finish(done);
    await fine.finish(done);
    const { entries } = await world.records.list("agent/claim/", { limit: 1 });
    const [claim] = entries;
    if (claim === undefined) throw new Error("no claim");
    await world.records.commit([{ op: "put", key: claim.key, rev: claim.rev, value: "spoilt" }]);
    ways[0].up();
    await world.clock.advance(minutes);
    expect(a.told["finish-settled"].map(({ scope }) => scope.run)).toEqual([fine.id]);
    ways[0].down();
    await last.finish(done);
    ways[0].up();
    await a.pinning.close();
    expect(a.told["finish-settled"].map(({ scope }) => scope.run)).toContain(last.id);
  });

  it("that cannot be settled is asked about ever less often", async () => {
    const { world, ways, a } = await createPair();
    const run = await a.start({ id: "job" });
    ways[0].down();
    await run.finish(done);
    ways[0].up();
    const [claim] = (await world.records.list("agent/claim/", { limit: 1 })).entries;
    if (claim === undefined) throw new Error("no claim");
    await world.records.commit([{ op: "put", key: claim.key, rev: claim.rev, value: "spoilt" }]);
    await world.clock.advance(10 * minutes);
    const asked = ways[0].calls.filter((call) => call.call === "get" && call.keys.includes(claim.key));
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.length).toBeLessThan(40);
  });

  it("is counted exactly once, whatever is lost on the way [RUN-END-ONCE]", async () => {
    const event = fc.oneof(
      fc.constantFrom(
        "start",
        "start",
        "finish",
        "finish",
        "a down",
        "a up",
        "wait",
        "wait",
        "b sweeps",
        "a sweeps",
      ),
      fc.tuple(fc.constantFrom("a loses", "b loses"), fc.constantFrom(...fates)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (happenings) => {
        const { world, ways, a, b, counted } = await createPair();
        const started: string[] = [];
        const open: Awaited<ReturnType<typeof a.start>>[] = [];
        const happen: Readonly<Record<string, () => unknown>> = {
          start: async () => {
            const run = await a.start({ maxAgeMs: minutes }).catch(() => null);
            if (run !== null) open.push(run);
          },
          finish: () => open.shift()?.finish(done),
          "a down": () => ways[0].down(),
          "a up": () => ways[0].up(),
          wait: () => world.clock.advance(25_000),
          "a sweeps": () => a.pinning.sweep().catch(() => {}),
          "b sweeps": () => b.pinning.sweep().catch(() => {}),
        };
        for (const what of happenings) {
          if (typeof what === "string") await happen[what]?.();
          else ways[what[0] === "a loses" ? 0 : 1].loseReply(what[1]);
        }
        await settled();
        await comeToRest(world, ways, async () => {
          await a.pinning.sweep();
          await b.pinning.sweep();
        });
        for (const { scope } of a.told["run-started"]) started.push(scope.run);
        // A start whose reply was lost thrice may have left a pin that nobody holds: it is swept, and told as such.
        const ends = counted();
        expect(new Set(ends).size).toBe(ends.length);
        expect(ends).toEqual(expect.arrayContaining(started));
        expect(await world.under("pin/")).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
