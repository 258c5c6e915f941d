import { AsyncLocalStorage } from "node:async_hooks";
import { agentKeys, type Bundle, type RunScope } from "@verdigris/contracts";
import { createMemoryStore, type MemoryStore } from "@verdigris/store-memory";
import { createFakeClock, createFakeRouter, createFaultyStore, type FakeClock } from "@verdigris/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { createVerdigris, defineBundle, type Verdigris, type VerdigrisOptions } from "../src/index.ts";

const keys = agentKeys("agent");
let clock: FakeClock;
let store: MemoryStore;

beforeEach(() => {
  clock = createFakeClock();
  store = createMemoryStore({ clock });
});

function bundle(id: string, commit = "c0ffee", index = "1"): Bundle {
  return defineBundle({
    id,
    code: { commit, build: `sha256:${commit.at(0)?.repeat(64)}` },
    indexes: {
      docs: { kind: "snapshot", version: index, digest: `sha256:${index.repeat(64)}`, embedding: null },
    },
  });
}

function open(options: Partial<VerdigrisOptions<string>> = {}): Verdigris<string> {
  return createVerdigris<string>({
    agent: "agent",
    store,
    clock,
    watch: false,
    sweepMs: "never",
    actor: "ana",
    load: ({ id }) => id,
    ...options,
  });
}

const where = (agent: Verdigris<string>): Promise<string> =>
  agent.run({}, (run) => run.step("s", ({ pipeline }) => pipeline));

describe("without a store", () => {
  const tagging = { agent: "agent", clock, load: ({ id }: Bundle) => id };

  it("runs carry their bundle, and nothing is written anywhere [SDK-TAG-ONLY]", async () => {
    const agent = createVerdigris({ ...tagging, bundle: bundle("v1") });
    const scope = await agent.run({ key: "u1", labels: { tenant: "acme" } }, (run) =>
      run.step("answer", (step) => step.scope),
    );
    expect(scope).toMatchObject({
      agent: "agent",
      bundle: "v1",
      digest: bundle("v1").digest,
      class: "live",
      key: "u1",
      step: "answer",
      labels: { tenant: "acme" },
    });
    const started = await agent.start({});
    if (!started.placed) throw new Error("not placed");
    expect(started.run).toMatchObject({ token: null, deadline: null, pipeline: "v1" });
    expect(await started.run.finish({ outcome: "completed" })).toBe("finished");
  });

  it("everything that needs a store says so, by code [SDK-TAG-ONLY]", async () => {
    const agent = createVerdigris({ ...tagging, bundle: bundle("v1") });
    const calls = [
      () => agent.rollback(),
      () => agent.resume("vg1/agent/v1/1/r/1/1"),
      () => agent.canRecycle("v1"),
      () => agent.sweep(),
      () => agent.verifyAudit(),
      () => agent.inFlight({ bundle: "v1" }),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: "store-lacks-capability" });
    const started = await agent.start();
    if (!started.placed) throw new Error("not placed");
    expect(() => started.run.fence()).toThrow(expect.objectContaining({ code: "store-lacks-capability" }));
  });

  it("a router alone chooses the bundle [SDK-TAG-ONLY]", async () => {
    const router = createFakeRouter({ agent: "agent", live: "v1", bundles: ["v1", "v2"] });
    const agent = createVerdigris({ ...tagging, router });
    await agent.register(bundle("v1"));
    await agent.register(bundle("v2"));
    expect(await where(agent)).toBe("v1");
    router.force("v2");
    expect(await where(agent)).toBe("v2");
  });

  it("neither a bundle nor a router is a mistake", () => {
    expect(() => createVerdigris({ agent: "agent" })).toThrow(
      expect.objectContaining({ code: "invalid-argument", details: { argument: "bundle" } }),
    );
  });
});

describe("an agent without a route", () => {
  it("is opened once by whichever process is first, and the others take that route", async () => {
    const [a, b] = [open({ bundle: bundle("v1") }), open({ bundle: bundle("v2", "c0ffee", "2") })];
    await Promise.all([a.ready(), b.ready()]);
    const [first, second] = [await a.status(), await b.status()];
    expect(first.route).toEqual(second.route);
    expect(first.generation).toBe(1);
    expect(await a.audit()).toHaveLength(1);
  });

  it("takes no runs until somebody opens it", async () => {
    await expect(open().start()).rejects.toMatchObject({ code: "no-route" });
    await expect(open().flip({ to: "v1", reason: "r", expect: 0 })).rejects.toMatchObject({
      code: "no-route",
    });
  });

  it("is tried again after a store that was away", async () => {
    const faulty = createFaultyStore(store);
    const agent = open({ store: faulty, bundle: bundle("v1") });
    faulty.down();
    await expect(where(agent)).rejects.toMatchObject({ code: "store-unavailable" });
    faulty.up();
    expect(await where(agent)).toBe("v1");
  });
});

describe("registering", () => {
  it("is done once, and one id has one content [BUNDLE-ONE-ID]", async () => {
    const agent = open({ bundle: bundle("v1") });
    expect(await agent.register(bundle("v2"))).toEqual({ registered: true });
    expect(await open().register(bundle("v2"))).toEqual({ registered: false });
    await expect(open().register(bundle("v2", "dead"))).rejects.toMatchObject({
      code: "bundle-id-taken",
      details: { bundle: "v2" },
    });
  });

  it("refuses an index version that would mean two things [BUNDLE-INDEX-IDENTITY]", async () => {
    await open({ bundle: bundle("v1") }).ready();
    const other = defineBundle({
      id: "v2",
      code: { commit: "c0ffee", build: `sha256:${"c".repeat(64)}` },
      indexes: {
        docs: { kind: "snapshot", version: "1", digest: `sha256:${"f".repeat(64)}`, embedding: null },
      },
    });
    await expect(open().register(other)).rejects.toMatchObject({
      code: "index-version-taken",
      details: { index: "docs", takenBy: "v1" },
    });
    expect((await store.get([keys.bundle("v2")])).entries).toEqual([null]);
  });

  it("is dated by the store's clock, also where it is the first thing a process asks", async () => {
    const agent = open({ bundle: bundle("blue") });
    await agent.ready();
    const entry = (await store.get([keys.bundle("blue")])).entries[0]!;
    expect(JSON.parse(entry.value)).toMatchObject({ registeredAt: entry.at });
    expect(entry.at).toBeGreaterThan(0);
    await agent.close();
  });
});

describe("moves", () => {
  it("say what came of them and whether evidence stood behind them", async () => {
    const agent = open({ bundle: bundle("v1") });
    await agent.register(bundle("v2"));
    const flipped = await agent.flip({ to: "v2", reason: "r", expect: 1 });
    expect({ ...flipped, propagated: null }).toEqual({
      outcome: "moved",
      generation: 2,
      unevidenced: true,
      unverified: true,
      propagated: null,
    });
    expect(
      await agent.settle({ reason: "r", expect: 2, evidence: `sha256:${"a".repeat(64)}` }),
    ).toMatchObject({ unevidenced: false });
    expect(await agent.rollback()).toMatchObject({ outcome: "unchanged", generation: 3, unevidenced: false });
  });

  it("throw a lost race with the route as it is now [ROUTE-EXPECT]", async () => {
    const agent = open({ bundle: bundle("v1") });
    await agent.register(bundle("v2"));
    await agent.hold({ reason: "look" });
    await expect(agent.flip({ to: "v2", reason: "r", expect: 1 })).rejects.toMatchObject({
      code: "route-conflict",
      details: { generation: 2, current: { live: "v1" } },
    });
  });

  it("throw a refusal under its own code [ROUTE-HOLD]", async () => {
    const agent = open({ bundle: bundle("v1") });
    await agent.hold({ reason: "look" });
    await expect(agent.flip({ to: "v2", reason: "r", expect: 2 })).rejects.toMatchObject({
      code: "route-held",
    });
    await agent.release({ reason: "fine", expect: 2 });
    await expect(agent.flip({ to: "v2", reason: "r", expect: 3 })).rejects.toMatchObject({
      code: "bundle-unknown",
    });
    await expect(agent.setCanary({ percent: 5, reason: "r", expect: 3 })).rejects.toMatchObject({
      code: "move-refused",
      details: { refusal: "no-candidate" },
    });
  });

  it("need a reason to go forward, and none to go back [ROUTE-SAFE-DIRECTION]", async () => {
    const agent = open({ bundle: bundle("v1") });
    await agent.register(bundle("v2"));
    await expect(agent.flip({ to: "v2", reason: " ", expect: 1 })).rejects.toMatchObject({
      code: "invalid-argument",
      details: { argument: "reason" },
    });
    await expect(agent.rollback()).resolves.toMatchObject({ outcome: "unchanged" });
  });
});

describe("run", () => {
  it("hands on what is not served here, with bundle and token [RUN-PLACEMENT]", async () => {
    const blue = open({ bundle: bundle("v1") });
    await blue.register(bundle("v2", "beef"));
    await blue.flip({ to: "v2", reason: "r", expect: 1 });
    const refused = await blue.run({ key: "u" }, () => "never").catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "run-not-placed", details: { bundle: "v2" } });
    const { token } = (refused as { details: { token: string } }).details;
    const green = open({ bundle: bundle("v2", "beef") });
    const run = await green.resume(token);
    expect(await run.step("s", ({ pipeline }) => pipeline)).toBe("v2");
  });

  it("gives back what the function gave or threw, whatever the store says to the finish [RUN-FINISH]", async () => {
    const faulty = createFaultyStore(store);
    const agent = open({ store: faulty, bundle: bundle("v1") });
    const failed: unknown[] = [];
    agent.on("finish-failed", ({ error }) => failed.push(error));
    await agent.ready();
    const result = await agent.run({}, () => {
      faulty.down();
      return "the user's";
    });
    expect(result).toBe("the user's");
    faulty.up();
    const thrown = new Error("the user's");
    const outcome = agent.run({}, () => {
      faulty.down();
      throw thrown;
    });
    await expect(outcome).rejects.toBe(thrown);
    expect(failed).toHaveLength(2);
  });

  it("knows its scope through the caller's storage, and has no default outside [RUN-NO-SCOPE]", async () => {
    const agent = open({ bundle: bundle("v1"), scopeStorage: new AsyncLocalStorage<RunScope>() });
    expect(() => agent.current()).toThrow(expect.objectContaining({ code: "no-scope" }));
    await agent.run({}, async (run) => {
      expect(agent.current()).toMatchObject({ run: run.id, bundle: "v1" });
      await run.step("inner", async () => expect(agent.current().step).toBe("inner"));
    });
    expect(() => open({ bundle: bundle("v1") }).current()).toThrow(
      expect.objectContaining({ code: "no-scope" }),
    );
  });

  it("can be wrapped by an instrument that throws, and nobody notices but the listener [SDK-INSTRUMENT-SAFE]", async () => {
    const instrument = {
      run: () => Promise.reject(new Error("telemetry")),
      step: () => Promise.reject(new Error("telemetry")),
    };
    const agent = open({ bundle: bundle("v1"), instrument });
    const reported: string[] = [];
    agent.on("listener-failed", ({ source }) => reported.push(source));
    expect(await where(agent)).toBe("v1");
    expect(reported.sort()).toEqual(["instrument.run", "instrument.step"]);
  });
});

describe("closing", () => {
  it("stops timers, lets go of runs and pipelines, and leaves the store to its owner", async () => {
    const unloaded: string[] = [];
    const agent = open({
      bundle: bundle("v1"),
      watch: true,
      sweepMs: 1_000,
      unload: (pipeline) => void unloaded.push(pipeline),
    });
    const started = await agent.start();
    await agent.close();
    await agent.close();
    expect(clock.pending).toBe(0);
    expect(unloaded).toEqual(["v1"]);
    await expect(agent.start()).rejects.toMatchObject({ code: "closed" });
    if (!started.placed) throw new Error("not placed");
    await expect(started.run.step("s", () => 1)).rejects.toMatchObject({ code: "run-superseded" });
    await expect(store.get([keys.route])).resolves.toBeDefined();
    expect((await store.list(keys.pins, { limit: 5 })).entries).toHaveLength(1);
  });

  it("is what asyncDispose does", async () => {
    const agent = open({ bundle: bundle("v1") });
    await agent.ready();
    await agent[Symbol.asyncDispose]();
    await expect(agent.status()).rejects.toMatchObject({ code: "closed" });
  });
});
