import { AsyncLocalStorage } from "node:async_hooks";
import { agentKeys, type Bundle, type RunScope, type Store } from "@verdigris/contracts";
import { createMemoryStore } from "@verdigris/store-memory";
import { aBundle, createFakeClock, createFakeRouter, createFaultyStore } from "@verdigris/testing";
import { createVerdigris, type Verdigris, type VerdigrisOptions } from "verdigris";
import { describe, expect, it } from "vitest";

const [blue, green] = [aBundle("blue"), aBundle("green")];

function createWorld(options: Partial<VerdigrisOptions<undefined>> = {}) {
  const clock = createFakeClock();
  const records = createMemoryStore({ clock });
  const store = createFaultyStore(records);
  const open = (more: Partial<VerdigrisOptions<undefined>> = {}): Verdigris =>
    createVerdigris({ agent: "agent", store, bundle: blue, clock, actor: "ana", ...options, ...more });
  return { clock, records, store, open };
}

async function facts(verdigris: Verdigris) {
  return { reason: "because", expect: (await verdigris.status()).generation };
}

describe("the options", () => {
  const bad: [string, object][] = [
    ["agent", { agent: "a/b" }],
    ["agent", { agent: undefined }],
    ["bundle", { bundle: undefined }],
    ["store", { store: "agent.db" }],
    ["store", { store: Promise.resolve(createMemoryStore()) }],
    ["load", { load: "x" }],
    ["unload", { unload: 1 }],
    ["serves", { serves: true }],
    ["policy.maxAgeMs", { policy: { maxAgeMs: 0 } }],
    ["policy.strategy", { policy: { strategy: "other" } }],
  ];
  it.each(bad)("are refused for a bad %s at once: %j", (argument, options) => {
    const made = () =>
      createVerdigris({ agent: "agent", bundle: blue, ...options } as VerdigrisOptions<undefined>);
    expect(made).toThrow(
      expect.objectContaining({ code: "invalid-argument", details: expect.objectContaining({ argument }) }),
    );
  });

  it("are not left out altogether", () => {
    expect(() => createVerdigris(undefined as never)).toThrow(
      expect.objectContaining({ code: "invalid-argument", details: { argument: "options" } }),
    );
  });

  it("are refused with a store that cannot commit several keys at once", () => {
    const records = createMemoryStore();
    const store: Store = { ...records, capabilities: { ...records.capabilities, multiKey: false } };
    expect(() => createVerdigris({ agent: "agent", store, bundle: blue })).toThrow(
      expect.objectContaining({ code: "store-lacks-capability" }),
    );
  });

  it("are refused for a sweep that is no interval", () => {
    expect(() => createWorld().open({ sweepMs: 0 })).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
  });
});

describe("only tagging", () => {
  it("needs a bundle and nothing else: runs have scope and pipeline, nothing is pinned [SDK-TAG-ONLY]", async () => {
    const agent = createVerdigris({ agent: "agent", bundle: blue, load: ({ id }) => ({ of: id }) });
    const scope = await agent.run({ key: "user-1", labels: { tenant: "acme" } }, async (run) => {
      expect([run.token, run.deadline, run.pipeline.of]).toEqual([null, null, "blue"]);
      expect(() => run.fence()).toThrow(expect.objectContaining({ code: "store-lacks-capability" }));
      await expect(run.extend(1)).rejects.toMatchObject({ code: "store-lacks-capability" });
      const child = await agent.start({ parent: run });
      if (child.placed) expect(child.run.scope).toMatchObject({ bundle: "blue", key: "user-1" });
      return run.step("plan", ({ scope: of }) => of);
    });
    expect(scope).toMatchObject({
      bundle: "blue",
      digest: blue.digest,
      class: "live",
      key: "user-1",
      step: "plan",
    });
    await expect(agent.flip({ to: "green", reason: "x", expect: 1 })).rejects.toMatchObject({
      code: "store-lacks-capability",
    });
    await expect(agent.sweep()).rejects.toMatchObject({ code: "store-lacks-capability" });
    expect(await agent.status()).toEqual({
      agent: "agent",
      generation: 0,
      route: null,
      bundles: [],
      at: null,
    });
    await agent.close();
  });

  it("follows a router, where there is one [SDK-TAG-ONLY]", async () => {
    const router = createFakeRouter({ live: "blue" });
    const agent = createVerdigris({ agent: "agent", router });
    for (const bundle of [blue, green]) await agent.register(bundle);
    expect(await agent.run({}, ({ scope }) => scope.bundle)).toBe("blue");
    await agent.flip({ to: "green", ...(await facts(agent)) });
    expect(await agent.run({}, ({ scope }) => [scope.bundle, scope.class])).toEqual(["green", "live"]);
    await expect(agent.start({ bundle: "unheard-of" })).rejects.toMatchObject({ code: "bundle-unknown" });
  });
});

describe("registering", () => {
  it("makes a bundle known to processes that started before [BUNDLE-ONE-ID]", async () => {
    const { open } = createWorld();
    const [one, two] = [open(), open()];
    await two.ready();
    expect(await one.register(green)).toEqual({ registered: true });
    await two.flip({ to: "green", ...(await facts(two)) });
    expect(await two.run({}, ({ bundle }) => bundle)).toEqual(green);
  });

  it.each(["done", "dropped", "late"] as const)(
    "answers once when a reply is lost whose commit was %s [I11]",
    async (fate) => {
      const { open, store } = createWorld();
      const agent = open();
      await agent.ready();
      store.loseReply(fate);
      expect(await agent.register(green)).toEqual({ registered: true });
      await store.landLate();
      expect(await agent.register(green)).toEqual({ registered: false });
    },
  );

  it("refuses an index version that means something else already [BUNDLE-INDEX-IDENTITY]", async () => {
    const agent = createWorld().open();
    const docs = { ...green.indexes.docs!, version: "blue" };
    await expect(agent.register(aBundle("green", { indexes: { docs } }))).rejects.toMatchObject({
      code: "index-version-taken",
      details: { takenBy: "blue" },
    });
  });

  it("refuses what only looks like a bundle", async () => {
    const agent = createWorld().open();
    await expect(agent.register({ ...green, digest: blue.digest } as Bundle)).rejects.toMatchObject({
      code: "bundle-invalid",
    });
  });
});

describe("the first processes of an agent", () => {
  it("agree on one route, whoever opens it", async () => {
    const { open, records } = createWorld();
    const [one, two] = [open(), open({ bundle: green })];
    await Promise.all([one.ready(), two.ready()]);
    const [{ route }, other] = [await one.status(), await two.status()];
    expect(other.route?.incarnation).toBe(route?.incarnation);
    expect(other.generation).toBe(1);
    expect((await records.list(agentKeys("agent").audit(1), { limit: 9 })).entries).toHaveLength(1);
  });

  it("become ready by themselves once the store is back", async () => {
    const { open, store } = createWorld();
    const agent = open();
    store.down();
    await expect(agent.start()).rejects.toMatchObject({ code: "store-unavailable" });
    store.up();
    expect(await agent.run({}, ({ bundle }) => bundle.id)).toBe("blue");
  });
});

describe("moves", () => {
  it("that raise a canary need a reason and an expectation; those that lower it need neither [ROUTE-EXPECT]", async () => {
    const agent = createWorld().open();
    await agent.register(green);
    await agent.stage({ bundle: "green", ...(await facts(agent)) });
    const { generation: expectation } = await agent.status();
    await expect(agent.setCanary({ percent: 5, expect: expectation })).rejects.toMatchObject({
      details: { argument: "reason" },
    });
    await expect(agent.setCanary({ percent: 5, reason: "x" })).rejects.toMatchObject({
      details: { argument: "expect" },
    });
    const raised = await agent.setCanary({ percent: 5, reason: "x", expect: expectation });
    expect(raised).toMatchObject({ outcome: "moved", unevidenced: true });
    expect(await agent.setCanary({ percent: 1 })).toMatchObject({ outcome: "moved", unevidenced: false });
  });

  it("are judged on the route they were decided on, not on one this process has not read yet [ROUTE-EXPECT]", async () => {
    const { open, store } = createWorld();
    const [stale, other] = [open({ watch: false }), open({ watch: false })];
    await other.register(green);
    await stale.ready();
    await other.stage({ bundle: "green", ...(await facts(other)) });
    await other.setCanary({ percent: 10, ...(await facts(other)) });
    const { generation } = await other.status();
    expect(stale.router?.snapshot()?.route.generation).toBeLessThan(generation);
    expect(await stale.setCanary({ percent: 5, expect: generation })).toMatchObject({
      outcome: "moved",
      unevidenced: false,
    });
    expect(store.count("commit")).toBeGreaterThan(0);
  });

  it("name the option that is wrong", async () => {
    const agent = createWorld().open();
    await expect(agent.flip({ to: green as never, reason: "because", expect: 1 })).rejects.toMatchObject({
      code: "invalid-argument",
      details: { argument: "to" },
    });
  });

  it("carry evidence, which shows", async () => {
    const agent = createWorld().open();
    await agent.register(green);
    const receipt = await agent.flip({ to: "green", ...(await facts(agent)), evidence: green.digest });
    expect({ ...receipt, propagated: null }).toEqual({
      outcome: "moved",
      generation: 2,
      unevidenced: false,
      unverified: false,
      propagated: null,
    });
    expect(await agent.rollback()).toMatchObject({ outcome: "moved", unevidenced: false });
  });

  it("that are refused throw codes with the route as it is [ROUTE-HOLD]", async () => {
    const agent = createWorld().open();
    await agent.register(green);
    await agent.hold({ reason: "wait" });
    const refused = agent.flip({ to: "green", ...(await facts(agent)) });
    await expect(refused).rejects.toMatchObject({
      code: "route-held",
      details: { refusal: "held", current: { live: "blue" } },
    });
    await agent.release({ ...(await facts(agent)) });
    const canary = agent.setCanary({ percent: 5, ...(await facts(agent)) });
    await expect(canary).rejects.toMatchObject({
      code: "move-refused",
      details: { refusal: "no-candidate" },
    });
    await expect(agent.recycle("blue", { reason: "" })).rejects.toMatchObject({
      details: { argument: "reason" },
    });
  });
});

describe("run()", () => {
  it("starts nothing without a function to give the run to", async () => {
    const { open, records } = createWorld();
    const agent = open();
    await expect(agent.run((() => {}) as never, undefined as never)).rejects.toMatchObject({
      code: "invalid-argument",
      details: { argument: "fn" },
    });
    expect((await records.list(`agent/pin/`, { limit: 1 })).entries).toEqual([]);
  });

  it("says run-not-placed with the token where the bundle is not served, and never falls back [RUN-PLACEMENT]", async () => {
    const { open } = createWorld();
    const [front, worker] = [open({ serves: () => false }), open()];
    let called = false;
    const error = await front
      .run({}, () => {
        called = true;
      })
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "run-not-placed", details: { bundle: "blue" } });
    const { token } = (error as { details: { token: string } }).details;
    expect((await worker.resume(token)).bundle.id).toBe("blue");
    expect(called).toBe(false);
  });

  it("leaves a run that was parked inside to whoever resumes it [RUN-OWNERSHIP]", async () => {
    const { open } = createWorld();
    const [one, two] = [open(), open()];
    const token = await one.run({}, (run) => run.park());
    expect(await (await two.resume(token)).finish({ outcome: "completed" })).toBe("finished");
  });

  it("keeps the result when the finish fails [RUN-FINISH]", async () => {
    const { open, store } = createWorld();
    const agent = open();
    const told: unknown[] = [];
    agent.on("finish-failed", (event) => told.push(event));
    const result = await agent.run({}, () => {
      store.down();
      return "mine";
    });
    expect([result, told.length]).toEqual(["mine", 1]);
  });

  it("wraps runs in the instrument and in the scope, and is changed by neither [SDK-INSTRUMENT-SAFE]", async () => {
    const scopeStorage = new AsyncLocalStorage<RunScope>();
    const instrument = { run: async () => Promise.reject(new Error("mine")) };
    const agent = createWorld().open({ scopeStorage, instrument });
    const failed: string[] = [];
    agent.on("listener-failed", ({ source }) => failed.push(source));
    const seen = await agent.run({ key: "user-1" }, () => agent.current());
    expect(seen).toMatchObject({ key: "user-1" });
    expect(() => agent.current()).toThrow(expect.objectContaining({ code: "no-scope" }));
    expect(failed).toEqual(["instrument.run"]);
  });
});

describe("listeners and closing", () => {
  it("hear events until they stop, and a throwing one harms nobody", async () => {
    const agent = createWorld().open();
    const heard: string[] = [];
    agent.on("run-started", () => {
      throw new Error("mine");
    });
    agent.on("listener-failed", ({ source }) => heard.push(source));
    const stop = agent.on("run-finished", ({ outcome }) => heard.push(outcome));
    agent.on("route", ({ route }) => heard.push(`generation ${route.generation}`));
    await agent.run({}, () => {});
    stop();
    stop();
    await agent.run({}, () => {});
    expect(heard).toEqual(["generation 1", "run-started", "completed", "run-started"]);
  });

  it("leaves no timer, refuses later calls and can be had by `await using` [SDK-UNLOAD]", async () => {
    const { open, clock, store } = createWorld();
    const agent = open();
    await agent.run({}, () => {});
    expect(clock.pending).toBeGreaterThan(0);
    await Promise.all([agent[Symbol.asyncDispose](), agent.close()]);
    expect(clock.pending).toBe(0);
    for (const call of [
      agent.ready(),
      agent.register(green),
      agent.start(),
      agent.rollback(),
      agent.status(),
      agent.inFlight({ bundle: "blue" }),
      agent.sweep(),
    ]) {
      await expect(call).rejects.toMatchObject({ code: "closed" });
    }
    await expect(store.get([])).resolves.toBeDefined();
  });
});
