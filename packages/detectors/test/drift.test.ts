import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  ListToolsRequestSchema,
  ToolListChangedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { digestOfContract } from "@verdigris/bundle";
import { createJudge, createLiveDetectors } from "@verdigris/detectors";
import {
  checkServedModel,
  compareSchemas,
  createDriftBook,
  createResponseShapes,
  mcpTools,
  toolDrift,
  watchTools,
} from "@verdigris/detectors/drift";
import { createMemoryStore } from "@verdigris/store-memory";
import { createFakeClock } from "@verdigris/testing";
import { createVerdigris, defineBundle } from "verdigris";
import { describe, expect, it } from "vitest";
import { began, minute } from "./world.ts";

const look = {
  ...{ bundle: "b", baseline: { kind: "floor" as const }, since: began, at: began + minute },
  ...{ bakeMs: 120 * minute, watched: [], reference: [] },
};

const price = { type: "object", properties: { total: { type: "number" } }, required: ["total"] };
const search = {
  name: "search",
  description: "Finds things",
  inputSchema: { type: "object", properties: { query: { type: "string" } }, required: ["query"] },
  outputSchema: price,
  annotations: { readOnlyHint: true },
};

async function connect() {
  const server = new Server(
    { name: "shop", version: "1.0.0" },
    { capabilities: { tools: { listChanged: true } } },
  );
  const state = { tools: [structuredClone(search)] as object[], listed: 0 };
  server.setRequestHandler(ListToolsRequestSchema, () => {
    state.listed++;
    return { tools: state.tools };
  });
  const client = new Client({ name: "agent", version: "1.0.0" });
  const [left, right] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(left), client.connect(right)]);
  return { server, client, state };
}

const pinned = { version: "1.0.0", contract: digestOfContract(search), pinned: "not" as const };

async function createWorld(contracts = true) {
  const { server, client, state } = await connect();
  const clock = createFakeClock();
  const book = createDriftBook();
  const watch = watchTools({
    ...{
      bundle: { id: "b", tools: { search: pinned } },
      list: mcpTools(client),
      digest: digestOfContract,
      book,
      clock,
    },
    ...(contracts ? { contracts: { search } } : {}),
  });
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => watch.changed());
  const judge = createJudge([toolDrift({ book })]);
  return { server, client, state, clock, book, watch, says: () => judge(look)[0] };
}

describe("the contracts of an MCP server", () => {
  it("drift by their digest: an output schema that lost a required path is an alarm, by name [DRIFT-DECLARED]", async () => {
    const { state, watch, says } = await createWorld();
    expect(await watch.check()).toEqual([]);
    expect(says()?.status).toBe("clear");
    state.tools = [
      { ...search, outputSchema: { ...price, properties: { sum: { type: "number" } }, required: ["sum"] } },
    ];
    const found = await watch.check();
    expect(found).toContainEqual({
      entry: "search",
      origin: "declared",
      class: "breaking",
      path: "output.total",
      change: "is gone",
    });
    expect(says()).toMatchObject({ status: "alarm", name: "tool-drift" });
    expect(says()?.reason).toContain("search output.total is gone");
    state.tools = [search];
    await watch.check();
    expect(says()?.status).toBe("clear");
  });

  it.each([
    ["a description", { description: "Finds all things" }, "cosmetic", "clear"],
    [
      "one more optional argument",
      {
        inputSchema: {
          ...search.inputSchema,
          properties: { query: { type: "string" }, page: { type: "number" } },
        },
      },
      "additive",
      "clear",
    ],
    [
      "a newly required argument",
      {
        inputSchema: {
          ...search.inputSchema,
          properties: { query: { type: "string" }, page: { type: "number" } },
          required: ["query", "page"],
        },
      },
      "breaking",
      "alarm",
    ],
    ["a tool that no longer only reads", { annotations: { readOnlyHint: false } }, "breaking", "alarm"],
    ["an output schema that is gone", { outputSchema: undefined }, "breaking", "alarm"],
  ])("tell %s apart [DRIFT-DECLARED]", async (_, change, kind, status) => {
    const { state, watch, says } = await createWorld();
    state.tools = [{ ...search, ...change }];
    const found = await watch.check();
    expect(found.map((drift) => drift.class)).toContain(kind);
    expect(says()?.status).toBe(status);
  });

  it("are listed once the server has been quiet, and again from time to time without a word [DRIFT-DECLARED]", async () => {
    const { server, state, clock, book, watch } = await createWorld();
    state.tools = [];
    for (let i = 0; i < 5; i++) await server.sendToolListChanged();
    await clock.advance(0);
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(state.listed).toBe(1);
    expect(book.of("b")).toMatchObject([{ class: "breaking", change: "the tool is gone" }]);
    state.tools = [search];
    await clock.advance(300_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(state.listed).toBe(2);
    expect(book.of("b")).toEqual([]);
    watch.close();
    expect(clock.pending).toBe(0);
  });

  it("are read to the last page, from the server and never from what a client remembers [DRIFT-DECLARED]", async () => {
    const asked: (string | undefined)[] = [];
    const pages: Record<string, { tools: (typeof search)[]; nextCursor?: string }> = {
      first: { tools: [search], nextCursor: "second" },
      second: { tools: [{ ...search, name: "fetch" }], nextCursor: "third" },
      third: { tools: [{ ...search, name: "send" }] },
    };
    const list = mcpTools({
      listTools: (params) => {
        asked.push(params?.cursor);
        return Promise.resolve(pages[params?.cursor ?? "first"]!);
      },
      getServerVersion: () => ({ version: "7" }),
    });
    const { tools, version } = await list();
    expect(tools.map(({ name }) => name)).toEqual(["search", "fetch", "send"]);
    expect(version).toBe("7");
    await list();
    expect(asked).toEqual([undefined, "second", "third", undefined, "second", "third"]);
    const endless = mcpTools({ listTools: () => Promise.resolve({ tools: [], nextCursor: "again" }) });
    await expect(endless()).rejects.toMatchObject({ code: "bundle-invalid" });
  });

  it("are listed at the usual time where a server never falls silent [DRIFT-DECLARED]", async () => {
    const { state, clock, watch } = await createWorld();
    for (let second = 0; second < 299; second++) {
      watch.changed();
      await clock.advance(999);
    }
    expect(state.listed).toBe(0);
    for (let second = 0; second < 4; second++) {
      watch.changed();
      await clock.advance(999);
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(state.listed).toBe(1);
    watch.close();
  });

  it("are breaking as a whole where nobody knows what they were", async () => {
    const { state, watch } = await createWorld(false);
    state.tools = [{ ...search, description: "x" }];
    expect(await watch.check()).toMatchObject([{ class: "breaking", path: "" }]);
  });

  it("name a server that reports another version, and functions alike", async () => {
    const book = createDriftBook();
    let version = "1";
    const list = () => Promise.resolve({ tools: [search], version });
    const watch = watchTools({
      bundle: { id: "b", tools: { search: pinned } },
      list,
      digest: digestOfContract,
      book,
      clock: createFakeClock(),
    });
    expect(await watch.check()).toEqual([]);
    version = "2";
    expect(await watch.check()).toMatchObject([{ entry: "server", class: "cosmetic" }]);
  });

  it("are watched by the host's time where no clock is given", async () => {
    const book = createDriftBook();
    const list = () => Promise.resolve({ tools: [] });
    const bundle = { id: "b", tools: { search: pinned } };
    const watch = watchTools({ bundle, list, digest: digestOfContract, book, everyMs: 5 });
    await expect.poll(() => book.of("b")).toMatchObject([{ entry: "search", class: "breaking" }]);
    watch.close();
  });

  it("go on being watched when the server does not answer", async () => {
    const failed: unknown[] = [];
    const clock = createFakeClock();
    const list = () => Promise.reject(new Error("away"));
    watchTools({
      ...{ bundle: { id: "b", tools: {} }, list, digest: digestOfContract, book: createDriftBook(), clock },
      onFailed: (error) => failed.push(error),
    });
    await clock.advance(600_000);
    expect(failed).toHaveLength(2);
  });
});

it.each([
  ["a type that is gone", { type: ["string", "null"] }, { type: "string" }, "breaking"],
  ["a type that is new", { type: "string" }, { type: ["string", "null"] }, "additive"],
  ["an enum value that is gone", { enum: ["a", "b"] }, { enum: ["a"] }, "breaking"],
  ["an enum value that is new", { enum: ["a"] }, { enum: ["a", "b"] }, "additive"],
  ["a first limit", {}, { enum: ["a"] }, "breaking"],
  ["a constraint", { minimum: 0 }, { minimum: 1 }, "breaking"],
  ["items of another type", { items: { type: "string" } }, { items: { type: "number" } }, "breaking"],
  ["a title", { title: "a" }, { title: "b" }, "cosmetic"],
])("%s is what it is [DRIFT-DECLARED]", (_, before, after, kind) => {
  const changes = compareSchemas("output", before, after);
  expect(changes.map((change) => change.class)).toEqual([kind]);
  expect(JSON.stringify(changes)).not.toContain('"a"');
});

describe("the shapes of answers", () => {
  const observe = (
    shapes: ReturnType<typeof createResponseShapes>,
    bundle: string,
    n: number,
    of: (i: number) => unknown,
  ): void => {
    for (let i = 0; i < n; i++) shapes.observe(bundle, "search", of(i));
  };

  it("tell a path that goes missing and a type that never was from chance [DRIFT-OBSERVED]", () => {
    const book = createDriftBook();
    const shapes = createResponseShapes(book);
    observe(shapes, "blue", 200, (i) => ({
      total: i,
      items: [{ id: "x" }],
      note: i % 2 === 0 ? "n" : undefined,
    }));
    observe(shapes, "green", 60, (i) => ({
      ...(i % 3 === 0 ? {} : { total: i % 4 === 0 ? "1" : 1 }),
      items: [{ id: "x" }],
      extra: 1,
      note: i % 2 === 0 ? "n" : undefined,
    }));
    const found = shapes.compare("green", "blue");
    expect(found.map(({ path, class: kind }) => [path, kind]).sort()).toEqual([
      ["result.extra", "additive"],
      ["result.total", "breaking"],
      ["result.total", "breaking"],
    ]);
    expect(book.of("green")).toEqual(found);
  });

  it("say nothing of the same answers, or of a few [DRIFT-OBSERVED]", () => {
    const shapes = createResponseShapes();
    observe(shapes, "blue", 200, (i) => ({ a: 1, b: i % 10 === 0 ? null : 1 }));
    observe(shapes, "green", 200, (i) => ({ a: 1, b: i % 9 === 0 ? null : 1 }));
    expect(shapes.compare("green", "blue")).toEqual([]);
    observe(shapes, "other", 10, () => "text");
    expect(shapes.compare("other", "blue")).toEqual([]);
  });

  it("hold no value, and no key that is data [DRIFT-OBSERVED]", () => {
    const shapes = createResponseShapes();
    const secret = "sk-4711-secret";
    const users = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`user${i}@example.org`, { [secret]: 1 }]),
    );
    observe(shapes, "blue", 3, () => ({ token: secret, users, "ana@example.org": 1, account20261125: 2 }));
    const text = JSON.stringify(shapes.shapeOf("blue", "search"));
    expect(text).toContain("result.token");
    for (const value of [secret, "example.org", "20261125", "4711"]) expect(text).not.toContain(value);
  });
});

describe("the served model", () => {
  const code = { commit: "9b1c2f0e", build: `sha256:${"0".repeat(64)}` } as const;
  const models = { planner: { provider: "openai", name: "gpt-5", snapshot: "gpt-5-2025-08-07" } };
  const bundle = defineBundle({ id: "v1", code, models });

  it("is compared with the pin, by snapshot and without a provider's prefix [DRIFT-MODEL]", () => {
    expect(checkServedModel(bundle, "gpt-5-2025-08-07")).toBeNull();
    expect(checkServedModel(bundle, "openai/gpt-5-2025-08-07")).toBeNull();
    expect(checkServedModel(bundle, "gpt-5-2025-11-01")).toMatchObject({
      class: "breaking",
      origin: "served-model",
    });
    expect(checkServedModel({ ...bundle, models: {} }, "anything")).toBeNull();
  });

  it("is compared on every call of a live run [DRIFT-MODEL]", async () => {
    const clock = createFakeClock();
    const drift = createDriftBook();
    const detectors = createLiveDetectors({ rules: [toolDrift({ book: drift })], drift });
    const agent = createVerdigris({
      agent: "agent",
      store: createMemoryStore({ clock }),
      bundle,
      clock,
      detectors,
    });
    const call = (model: string) =>
      agent.run({}, (run) => {
        run.usage({ model, inputTokens: 1, outputTokens: 1, cost: 0 });
      });
    await call("gpt-5-2025-08-07");
    await clock.advance(60_000);
    expect((await agent.signals())[0]?.status).toBe("clear");
    await call("gpt-5-2025-11-01");
    await clock.advance(60_000);
    expect((await agent.signals())[0]).toMatchObject({ status: "alarm", bundle: "v1" });
    await agent.close();
  });
});
