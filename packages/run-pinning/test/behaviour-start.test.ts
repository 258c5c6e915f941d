import type { StartOptions } from "@verdigris/run-pinning";
import { describe, expect, it } from "vitest";
import { createWorld, hours, later, minutes, type Pipeline, settled } from "./world.ts";

describe("the options of a start", () => {
  const bad: [string, object][] = [
    ["id", { id: "a/b" }],
    ["id", { id: "" }],
    ["id", { id: "root:x" }],
    ["bundle", { bundle: "no slash/" }],
    ["key", { key: "" }],
    ["key", { key: 7 }],
    ["key", { key: "k".repeat(1_025) }],
    ["class", { class: "live" }],
    ["class", { class: "canary" }],
    ["class", { class: "other" }],
    ["maxAgeMs", { maxAgeMs: 0 }],
    ["maxAgeMs", { maxAgeMs: -1 }],
    ["maxAgeMs", { maxAgeMs: Number.NaN }],
    ["maxAgeMs", { maxAgeMs: Number.POSITIVE_INFINITY }],
    ["labels.tenant", { labels: { tenant: 7 } }],
    ["labels.tenant", { labels: { tenant: "t".repeat(257) } }],
    ["labels", { labels: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`l${i}`, "x"])) }],
    ["parent", { parent: null }],
    ["parent", { parent: {} }],
    ["parent", { parent: 7 }],
  ];
  it.each(bad)("refuses a bad %s before anything is written: %j", async (argument, options) => {
    const world = await createWorld();
    const { pinning } = await world.process();
    await expect(pinning.start(options as StartOptions<Pipeline>)).rejects.toMatchObject({
      code: "invalid-argument",
      details: { argument },
    });
    expect(await world.under("pin/")).toEqual([]);
  });

  it("are kept in the pin: key, labels, class, id and a shorter deadline", async () => {
    const world = await createWorld();
    const { start } = await world.process();
    const labels = { tenant: "acme" };
    const run = await start({ id: "job-1", key: "user-1", labels, class: "eval", maxAgeMs: 5 * minutes });
    expect(run.scope).toMatchObject({ key: "user-1", labels, class: "eval", bundle: "blue", mixed: false });
    expect(Object.isFrozen(run.scope)).toBe(true);
    expect(run.deadline).toBe(world.clock.now() + 5 * minutes);
    expect(await world.under("claim/")).toEqual(["agent/claim/job-1"]);
  });

  it("cannot ask for more time than the policy gives", async () => {
    const world = await createWorld({ policy: { maxAgeMs: hours } });
    const { start } = await world.process();
    expect((await start({ maxAgeMs: 48 * hours })).deadline).toBe(world.clock.now() + hours);
  });

  it("default to the run's own id as key and a live run on the live bundle", async () => {
    const world = await createWorld();
    const { start, told } = await world.process();
    const run = await start();
    expect(run.scope).toMatchObject({ key: run.id, class: "live", labels: {} });
    const routing = { reason: "live", generation: 1 };
    expect(told["run-started"]).toEqual([
      { scope: run.scope, deadline: run.deadline, acceptedAt: expect.any(Number), routing },
    ]);
  });
});

describe("accepting a run", () => {
  it("writes the pin before start resolves, whether or not a step ever runs [RUN-PIN-AT-ACCEPT]", async () => {
    const world = await createWorld();
    const { start, pinning, move } = await world.process();
    const run = await start();
    expect(await world.under("pin/")).toEqual([`agent/pin/blue/${run.deadline}/${run.id}`]);
    await move({ verb: "flip", bundle: "green" });
    expect((await pinning.drainReport("blue")).inFlight).toEqual({ count: 1, more: false });
  });

  it("costs one store call once the route and the time are known [RUN-PIN-AT-ACCEPT]", async () => {
    const world = await createWorld();
    const { start } = await world.process();
    await start();
    const before = world.store.count();
    await start();
    expect(world.store.count() - before).toBe(1);
  });

  it("never goes to the old bundle once a flip has resolved, however stale the process's route [I4]", async () => {
    const world = await createWorld();
    const [stale, other] = [await world.process(), await world.process()];
    await stale.start();
    world.store.dropHints();
    await other.move({ verb: "flip", bundle: "green" });
    expect(stale.router.snapshot()?.route.live).toBe("blue");
    expect((await stale.start()).bundle.id).toBe("green");
  });

  it("gives up with route-contended when the route moves under every attempt", async () => {
    const world = await createWorld();
    const { start } = await world.process();
    const stop = world.store.onCommit(world.bumpRoute);
    await expect(start()).rejects.toMatchObject({ code: "route-contended" });
    stop();
    expect(await world.under("pin/")).toEqual([]);
  });

  it("rejects with no-route where the agent has none", async () => {
    const world = await createWorld({ open: false });
    const { pinning } = await world.process();
    await expect(pinning.start()).rejects.toMatchObject({ code: "no-route" });
  });

  for (const fate of ["done", "dropped", "late"] as const) {
    it(`survives a lost reply whose commit was ${fate} [I11]`, async () => {
      const world = await createWorld();
      const { start } = await world.process();
      world.store.loseReply(fate);
      const run = await start({ id: "job" });
      await world.store.landLate();
      expect(await world.under("pin/")).toHaveLength(1);
      expect(await run.finish({ outcome: "completed" })).toBe("finished");
      expect(await world.under("pin/")).toEqual([]);
      expect(await world.under("claim/")).toEqual([]);
    });
  }

  it("says store-indeterminate, not unavailable, when the store goes away after a lost reply", async () => {
    const world = await createWorld();
    const { start } = await world.process();
    await start();
    world.store.loseReply();
    world.store.failNext("store-unavailable", "get");
    await expect(start()).rejects.toMatchObject({ code: "store-indeterminate" });
    world.store.loseReply("dropped");
    world.store.onCommit(() => world.store.failNext("store-unavailable", "commit"));
    await expect(start()).rejects.toMatchObject({ code: "store-indeterminate" });
  });

  it("fails closed when the store is away: no pin, no run", async () => {
    const world = await createWorld();
    const { start } = await world.process();
    world.store.down();
    await expect(start()).rejects.toMatchObject({ code: "store-unavailable" });
    world.store.up();
    expect(await world.under("pin/")).toEqual([]);
  });
});

describe("a start with an id", () => {
  it("gives the first run back to a redelivered job, also across a flip [RUN-CLAIM]", async () => {
    const world = await createWorld();
    const [one, two] = [await world.process(), await world.process()];
    const first = await one.start({ id: "job" });
    await one.move({ verb: "flip", bundle: "green" });
    const second = await two.start({ id: "job" });
    expect([second.id, second.bundle.id]).toEqual([first.id, "blue"]);
    expect(await first.finish({ outcome: "completed" })).toBe("superseded");
    expect(await second.finish({ outcome: "completed" })).toBe("finished");
    expect(two.told["run-started"]).toEqual([]);
  });

  it("begins anew once the first run is finished [RUN-CLAIM]", async () => {
    const world = await createWorld();
    const { start } = await world.process();
    const first = await start({ id: "job" });
    await first.finish({ outcome: "completed" });
    const second = await start({ id: "job" });
    expect(second.id).not.toBe(first.id);
  });

  it("begins anew once the first run has expired, swept or not [RUN-CLAIM]", async () => {
    const world = await createWorld({ policy: { maxAgeMs: hours } });
    const { start } = await world.process();
    const first = await start({ id: "job" });
    await world.clock.advance(hours + 1);
    const second = await start({ id: "job" });
    expect(second.id).not.toBe(first.id);
    expect(await world.under("pin/")).toHaveLength(1);
  });

  it("gives an unplaced run to whoever serves it, and only the token where nobody does [RUN-CLAIM]", async () => {
    const world = await createWorld();
    const front = await world.process({ serves: () => false });
    const first = await front.pinning.start({ id: "job" });
    const again = await front.pinning.start({ id: "job" });
    expect(again).toEqual(first);
    const worker = await world.process();
    const run = await worker.start({ id: "job" });
    if (first.placed) throw new Error("placed");
    expect(first.token).toContain(run.id);
    expect(worker.told["run-started"]).toHaveLength(1);
  });

  it("follows a pin that moved, and gives it back twice over [RUN-CLAIM]", async () => {
    const world = await createWorld();
    const { start } = await world.process();
    const first = await start({ id: "job", maxAgeMs: minutes });
    await first.extend(minutes);
    await first.extend(minutes);
    expect((await start({ id: "job" })).id).toBe(first.id);
    expect((await start({ id: "job" })).id).toBe(first.id);
  });

  it("finds a pin that moves while it is looked for [RUN-CLAIM]", async () => {
    const world = await createWorld();
    const [one, two] = [await world.process(), await world.process()];
    const first = await one.start({ id: "job", maxAgeMs: minutes });
    await two.start();
    await first.extend(minutes);
    const pointers: string[] = [];
    const realGet = world.store.get;
    let reads = 0;
    Object.assign(world.store, {
      get: async (keys: readonly string[]) => {
        const answer = await realGet(keys);
        if (keys.some((key) => key.includes("/moved/")) && reads++ === 0) {
          pointers.push(keys.join());
          await first.extend(minutes);
        }
        return answer;
      },
    });
    expect((await two.start({ id: "job" })).id).toBe(first.id);
    expect(pointers).toHaveLength(1);
  });

  it("clears a claim that points to nothing", async () => {
    const world = await createWorld();
    const { start } = await world.process();
    const value = JSON.stringify({ v: 1, run: "gone", pin: world.keys.pin("blue", 1, "gone") });
    await world.records.commit([{ op: "put", key: world.keys.claim("job"), rev: 0, value }]);
    expect((await start({ id: "job" })).id).toMatch(/^run-/);
  });
});

describe("placement", () => {
  it("writes the pin and hands out a token where the bundle is not served, and never falls back [RUN-PLACEMENT]", async () => {
    const world = await createWorld();
    const front = await world.process({ serves: (bundle) => bundle.id !== "blue" });
    const result = await front.pinning.start();
    expect(result).toMatchObject({ placed: false, bundle: "blue" });
    expect((await front.pinning.inFlight({ bundle: "blue" })).runs).toMatchObject([{ unplaced: true }]);
    expect(front.told["run-started"]).toEqual([]);
  });

  it("is taken up from the token where the bundle is served, with its whole time ahead [RUN-PLACEMENT]", async () => {
    const world = await createWorld();
    const front = await world.process({ serves: () => false });
    const worker = await world.process();
    const result = await front.pinning.start({ maxAgeMs: 2 * hours });
    if (result.placed) throw new Error("placed");
    const began = world.clock.now();
    await world.clock.advance(minutes);
    const run = await worker.pinning.resume(result.token);
    expect(run.deadline).toBe(began + 2 * hours);
    expect((await worker.pinning.inFlight({ bundle: "blue" })).runs).toMatchObject([{ unplaced: false }]);
    await expect(front.pinning.resume(run.token!)).rejects.toMatchObject({
      code: "run-not-placed",
      details: { bundle: "blue", token: run.token },
    });
  });

  it("expires when nobody takes it up within placementMs [RUN-PLACEMENT]", async () => {
    const world = await createWorld({ policy: { placementMs: minutes } });
    const front = await world.process({ serves: () => false });
    const worker = await world.process();
    const result = await front.pinning.start();
    if (result.placed) throw new Error("placed");
    await world.clock.advance(minutes);
    await expect(worker.pinning.resume(result.token)).rejects.toMatchObject({ code: "run-expired" });
    await world.clock.advance(3_000);
    expect(await worker.pinning.sweep()).toBe(1);
    expect(await world.under("pin/")).toEqual([]);
  });

  it("does not bring a run back to life that expired while its pipeline loaded [I6]", async () => {
    const world = await createWorld({ policy: { placementMs: minutes } });
    const front = await world.process({ serves: () => false });
    const result = await front.pinning.start();
    if (result.placed) throw new Error("placed");
    const loading = later<Pipeline>();
    const worker = await world.process({ load: () => loading.promise });
    const resumed = worker.pinning.resume(result.token);
    resumed.catch(() => {});
    await settled();
    await world.clock.advance(2 * minutes);
    loading.resolve({ of: "blue" });
    await expect(resumed).rejects.toMatchObject({ code: "run-expired" });
    expect(
      world.store.calls.filter(
        (call) => call.call === "commit" && call.ops.some((op) => op.key.includes("/moved/")),
      ),
    ).toEqual([]);
  });
});
