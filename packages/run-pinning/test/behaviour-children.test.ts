import { describe, expect, it } from "vitest";
import { createWorld, hours, minutes } from "./world.ts";

describe("a named start", () => {
  it("is a preview on any bundle of the route, unless it says otherwise [RUN-PREVIEW]", async () => {
    const world = await createWorld();
    const { start, move } = await world.process();
    await move({ verb: "stage", bundle: "green" });
    expect((await start({ bundle: "green" })).scope).toMatchObject({ bundle: "green", class: "preview" });
    expect((await start({ bundle: "blue", class: "smoke" })).scope.class).toBe("smoke");
  });

  it("is refused off the route, on a retiring bundle and on a sealed one [RUN-PREVIEW]", async () => {
    const world = await createWorld();
    const { start, move } = await world.process();
    await expect(start({ bundle: "green" })).rejects.toMatchObject({
      code: "bundle-not-on-route",
      details: { bundle: "green", retiring: false },
    });
    await move({ verb: "flip", bundle: "green" });
    expect((await start({ bundle: "blue" })).bundle.id).toBe("blue");
    await move({ verb: "settle" });
    await expect(start({ bundle: "blue" })).rejects.toMatchObject({
      code: "bundle-not-on-route",
      details: { bundle: "blue", retiring: true },
    });
    await move({ verb: "seal", bundle: "blue" });
    await expect(start({ bundle: "blue" })).rejects.toMatchObject({ code: "bundle-sealed" });
  });

  it("finds a bundle that was staged elsewhere a moment ago, whatever this process had read [RUN-PREVIEW]", async () => {
    const world = await createWorld();
    const [one, two] = [await world.process(), await world.process()];
    world.store.dropHints();
    await one.move({ verb: "stage", bundle: "green" });
    const parent = await one.start({ bundle: "green" });
    expect(two.router.snapshot()?.route.candidate).toBeNull();
    expect((await two.start({ parent: parent.token! })).bundle.id).toBe("green");
  });

  it("goes on record ten times a minute; the rest are counted [RUN-PREVIEW]", async () => {
    const world = await createWorld();
    const { start } = await world.process();
    for (let i = 0; i < 13; i++) await start({ bundle: "blue" });
    expect(await world.under("notice/")).toHaveLength(10);
    await world.clock.advance(minutes);
    const run = await start({ bundle: "blue" });
    const key = world.keys.notice(world.clock.now(), run.id);
    const { entries } = await world.records.get([key]);
    expect(JSON.parse(entries[0]!.value)).toMatchObject({
      kind: "named-start",
      run: run.id,
      bundle: "blue",
      class: "preview",
      suppressed: 3,
    });
    await start();
    expect(await world.under("notice/")).toHaveLength(11);
  });
});

describe("a child of the same agent", () => {
  it("inherits bundle, class, key and labels, and ends no later than its parent [I14]", async () => {
    const world = await createWorld();
    const { start, move } = await world.process();
    const labels = { tenant: "acme" };
    const parent = await start({ key: "user-1", labels, class: "eval", maxAgeMs: hours });
    await move({ verb: "flip", bundle: "green" });
    const child = await start({ parent });
    expect(child.scope).toMatchObject({ bundle: "blue", class: "eval", key: "user-1", labels });
    expect(child.deadline).toBe(parent.deadline);
  });

  it("follows its parent onto a retiring bundle, and is refused on a sealed one [I14]", async () => {
    const world = await createWorld();
    const { start, move } = await world.process();
    const parent = await start();
    await move({ verb: "flip", bundle: "green" });
    await move({ verb: "settle" });
    expect((await start({ parent })).bundle.id).toBe("blue");
    await move({ verb: "seal", bundle: "blue" });
    await expect(start({ parent })).rejects.toMatchObject({ code: "bundle-sealed" });
  });

  it("may be given by its parent's token, in any process [I14]", async () => {
    const world = await createWorld();
    const [one, two] = [await world.process(), await world.process()];
    const parent = await one.start({ key: "user-1" });
    await one.move({ verb: "flip", bundle: "green" });
    expect((await two.start({ parent: parent.token! })).scope).toMatchObject({
      bundle: "blue",
      key: "user-1",
    });
    await parent.finish({ outcome: "completed" });
    await expect(two.start({ parent: parent.token! })).rejects.toMatchObject({ code: "run-unknown" });
    await expect(one.start({ parent })).rejects.toMatchObject({ code: "run-finished" });
    await expect(two.start({ parent: "vg1/agent" })).rejects.toMatchObject({ code: "token-invalid" });
  });

  it("is refused once its parent's deadline has passed, even before the parent was told [I8]", async () => {
    const world = await createWorld();
    const { start } = await world.process();
    const parent = await start({ maxAgeMs: minutes });
    // The machine sleeps: the monotonic clock stands still, and the handle has not been woken.
    world.clock.jumpWall(2 * minutes);
    await expect(start({ parent })).rejects.toMatchObject({
      code: "run-expired",
      details: { run: parent.id },
    });
  });
});

describe("children of another agent's run", () => {
  it("follow the first of them, across flips, until the root's deadline [I14]", async () => {
    const world = await createWorld();
    const beside = await createWorld({ agent: "helper", beside: world });
    const [main, helper] = [await world.process(), await beside.process()];
    const root = await main.start({ maxAgeMs: hours });
    const first = await helper.start({ parent: root.token! });
    expect(first.bundle.id).toBe("blue");
    await first.finish({ outcome: "completed" });
    await helper.move({ verb: "flip", bundle: "green" });
    const grandparent = await main.start({ parent: root });
    expect((await helper.start({ parent: grandparent.token! })).bundle.id).toBe("blue");
    expect((await helper.start()).bundle.id).toBe("green");
    expect(await beside.under("claim/")).toEqual([`helper/claim/root:${root.id}`]);
  });

  it("keep the old bundle from being recycled until then, and are not told as runs when it is over [I14]", async () => {
    const world = await createWorld();
    const beside = await createWorld({ agent: "helper", beside: world });
    const [main, helper] = [await world.process(), await beside.process()];
    const root = await main.start({ maxAgeMs: hours });
    const first = await helper.start({ parent: root });
    await first.finish({ outcome: "completed" });
    expect((await helper.pinning.drainReport("blue")).inFlight?.count).toBe(1);
    await world.clock.advance(hours + 3_000);
    expect(await helper.pinning.sweep()).toBe(1);
    expect(helper.told["run-expired"]).toEqual([]);
    expect(await beside.under("claim/")).toEqual([]);
  });

  it("leave no pin that outlives their own agent's policy [I7]", async () => {
    const world = await createWorld({ policy: { maxAgeMs: 24 * hours } });
    const beside = await createWorld({ agent: "helper", beside: world, policy: { maxAgeMs: hours } });
    const [main, helper] = [await world.process(), await beside.process()];
    const root = await main.start();
    await helper.start({ parent: root.token! });
    const latest = Math.max(...(await beside.under("pin/")).map((key) => Number(key.split("/")[3])));
    expect(latest).toBe(world.clock.now() + hours);
  });

  it("stay outside production when their root is, the first as well as the later ones", async () => {
    const world = await createWorld();
    const beside = await createWorld({ agent: "helper", beside: world });
    const [main, helper] = [await world.process(), await beside.process()];
    const preview = await main.start({ bundle: "blue" });
    expect((await helper.start({ parent: preview.token! })).scope.class).toBe("preview");
    expect((await helper.start({ parent: preview.token! })).scope.class).toBe("preview");
    const live = await main.start();
    expect((await helper.start({ parent: live })).scope.class).toBe("live");
    expect((await helper.start({ parent: live })).scope.class).toBe("live");
  });

  it("agree on one bundle when two of them start at once [I14]", async () => {
    const world = await createWorld();
    const beside = await createWorld({ agent: "helper", beside: world });
    const main = await world.process();
    const [one, two] = [await beside.process(), await beside.process()];
    const root = await main.start();
    await one.start();
    await two.start();
    const gate = world.store.gate({ kind: "commit" });
    const slow = one.start({ parent: root.token! });
    await gate.reached;
    expect((await two.start({ parent: root.token! })).bundle.id).toBe("blue");
    world.store.dropHints();
    await two.move({ verb: "flip", bundle: "green" });
    gate.open();
    expect((await slow).bundle.id).toBe("blue");
  });
});

describe("a child that is out of the ordinary", () => {
  it("does not decide the class or the bundle of the root's later children on another agent [I14]", async () => {
    const world = await createWorld();
    const main = await world.process();
    const helper = await (await createWorld({ agent: "helper", beside: world })).process();
    await helper.move({ verb: "stage", bundle: "green" });
    const [one, two] = [await main.start(), await main.start()];
    expect((await helper.start({ parent: one.token!, class: "smoke" })).scope.class).toBe("smoke");
    expect((await helper.start({ parent: one.token! })).scope.class).toBe("live");
    expect((await helper.start({ parent: two.token!, bundle: "green" })).bundle.id).toBe("green");
    expect((await helper.start({ parent: two.token! })).scope).toMatchObject({
      bundle: "blue",
      class: "live",
    });
  });
});
