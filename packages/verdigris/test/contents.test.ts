import { agentKeys, type Bundle } from "@verdigris/contracts";
import { createMemoryStore, type MemoryStore } from "@verdigris/store-memory";
import { createFakeClock, createFakeRouter, createFaultyStore, type FakeClock } from "@verdigris/testing";
import { beforeEach, expect, it } from "vitest";
import { createVerdigris, defineBundle, type Verdigris, type VerdigrisOptions } from "../src/index.ts";

const keys = agentKeys("agent");
let clock: FakeClock;
let store: MemoryStore;

beforeEach(() => {
  clock = createFakeClock();
  store = createMemoryStore({ clock });
});

function bundle(id: string, system: string): Bundle {
  return defineBundle({
    id,
    code: { commit: "c0ffee", build: `sha256:${"0".repeat(64)}` },
    prompts: { system: { version: id, text: system } },
  });
}

type Pipeline = { readonly system: string };

function open(options: Partial<VerdigrisOptions<Pipeline>> = {}): Verdigris<Pipeline> {
  return createVerdigris<Pipeline>({
    agent: "agent",
    store,
    clock,
    watch: false,
    sweepMs: "never",
    load: async (_, content) => ({ system: await content.prompt("system") }),
    ...options,
  });
}

const ask = (agent: Verdigris<Pipeline>): Promise<string> =>
  agent.run({}, (run) => run.step("answer", ({ pipeline }) => pipeline.system));

it("a running process serves a bundle, and its prompt, that was registered after it started [CONTENT-CHECKED]", async () => {
  const serving = open({ bundle: bundle("v1", "be brief"), contents: ["be brief"] });
  expect(await ask(serving)).toBe("be brief");
  const shipping = createVerdigris({ agent: "agent", store, clock, watch: false, sweepMs: "never" });
  await shipping.register(bundle("v2", "be kind"), { contents: ["be kind"] });
  await shipping.flip({ to: "v2", reason: "kinder", expect: 1 });
  expect(await ask(serving)).toBe("be kind");
});

it("a prompt that is nowhere fails the load with its name, and the run is not accepted", async () => {
  const agent = open({ bundle: bundle("v1", "be brief") });
  await expect(ask(agent)).rejects.toMatchObject({
    code: "pipeline-load-failed",
    cause: { code: "content-missing", details: { name: "system" } },
  });
  expect((await store.list(keys.pins, { limit: 1 })).entries).toEqual([]);
});

it("a prompt store is asked for what the store does not have, and believed only as far as the digest [CONTENT-CHECKED]", async () => {
  expect(await ask(open({ bundle: bundle("v1", "be brief"), resolve: () => "be brief" }))).toBe("be brief");
  await expect(
    ask(open({ bundle: bundle("v1", "be brief"), resolve: () => "be long" })),
  ).rejects.toMatchObject({
    cause: { code: "digest-mismatch" },
  });
});

it("a prompt store is asked in a process without a store too", async () => {
  const { store: _, ...tagging } = { store };
  const agent = createVerdigris<Pipeline>({
    agent: "agent",
    bundle: bundle("v1", "hi"),
    resolve: () => "hi",
    load: async (_b, content) => ({ system: await content.prompt("system") }),
    ...tagging,
  });
  expect(await ask(agent)).toBe("hi");
});

it("a text that the bundle does not name is refused, and nothing is written", async () => {
  const agent = open({ bundle: bundle("v1", "be brief"), contents: ["be brief"] });
  await agent.ready();
  const before = store.size;
  await expect(
    agent.register(bundle("v2", "be kind"), { contents: ["be kind", "be rude"] }),
  ).rejects.toMatchObject({
    code: "invalid-argument",
    details: { argument: "contents[1]" },
  });
  expect(store.size).toBe(before);
});

it("contents can be added to a bundle that is registered already", async () => {
  const agent = open({ bundle: bundle("v1", "be brief") });
  await expect(ask(agent)).rejects.toMatchObject({ code: "pipeline-load-failed" });
  expect(await agent.register(bundle("v1", "be brief"), { contents: ["be brief"] })).toEqual({
    registered: false,
  });
  expect(await ask(agent)).toBe("be brief");
});

it("a registration whose reply was lost is done once, contents included [I11]", async () => {
  for (const fate of ["done", "dropped"] as const) {
    store = createMemoryStore({ clock });
    const faulty = createFaultyStore(store);
    const agent = open({ store: faulty, bundle: bundle("v1", "be brief"), contents: ["be brief"] });
    await agent.ready();
    faulty.onCommit((ops) => {
      if (ops.some(({ key }) => key === keys.bundle("v2"))) faulty.loseReply(fate);
    })();
    faulty.loseReply(fate);
    expect(await agent.register(bundle("v2", "be kind"), { contents: ["be kind"] })).toEqual({
      registered: true,
    });
    await agent.flip({ to: "v2", reason: "kinder", expect: 1 });
    expect(await ask(agent)).toBe("be kind");
  }
});

it("a clean-up takes the contents of a recycled bundle, and a bundle that comes back has its contents kept [CONTENT-KEPT]", async () => {
  const agent = open({ bundle: bundle("v1", "one"), contents: ["one"] });
  await agent.ready();
  await agent.register(bundle("v2", "two"), { contents: ["two"] });
  await agent.flip({ to: "v2", reason: "r", expect: 1 });
  await agent.settle({ reason: "r", expect: 2 });
  expect(await agent.cleanUpContents()).toEqual({ contents: 0, chunks: 0 });
  expect((await agent.recycle("v1", { reason: "done" })).recycled).toBe(true);
  expect((await agent.referencedPieces()).flatMap(({ bundles }) => bundles)).not.toContain("v1");
  const { generation } = await agent.status();
  await agent.stage({ bundle: "v1", reason: "again", expect: generation });
  expect((await agent.referencedPieces()).flatMap(({ bundles }) => bundles)).toContain("v1");
  expect(await agent.cleanUpContents()).toEqual({ contents: 0, chunks: 0 });
  await agent.drop();
  expect((await agent.recycle("v1", { reason: "done" })).recycled).toBe(true);
  expect(await agent.cleanUpContents()).toEqual({ contents: 1, chunks: 1 });
});

it("a registered bundle can be read back in any process, to compare", async () => {
  await open({ bundle: bundle("v1", "one") }).ready();
  const other = open();
  expect((await other.bundle("v1")).digest).toBe(bundle("v1", "one").digest);
  await expect(other.bundle("v9")).rejects.toMatchObject({ code: "bundle-unknown" });
});

it("a router of another agent is refused", () => {
  const router = createFakeRouter({ agent: "other", live: "v1" });
  expect(() => open({ router })).toThrow(
    expect.objectContaining({ code: "invalid-argument", details: { argument: "router" } }),
  );
});
