import { readFileSync } from "node:fs";
import type { NodeRecord } from "@verdigris/contracts";
import type { NodeOptions } from "@verdigris/router";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createWorld, move, openBlue } from "./world.ts";

const registry = Symbol.for("opentelemetry.js.api.1");
const globals = globalThis as { [key: symbol]: unknown };

afterEach(() => {
  vi.unstubAllEnvs();
  delete globals[registry];
});

async function recordOf(node: NodeOptions, agent = "agent"): Promise<{ text: string; record: NodeRecord }> {
  const { router, clock, records } = await createWorld();
  const opener = router({ agent });
  await move(opener, openBlue);
  router({ agent, watch: true, node: { id: "n1", ...node } });
  await clock.advance(0);
  const text = (await records.get([`${agent}/node/n1`])).entries[0]?.value ?? "";
  return { text, record: JSON.parse(text) as NodeRecord };
}

const environmentOf = async (names: readonly string[], agent?: string) =>
  (await recordOf({ environment: names }, agent)).record.environment;

describe("the surroundings of a process", () => {
  it("name its runtime and region, and the OpenTelemetry API that is registered [NODE-SURROUNDINGS]", async () => {
    const bare = (await recordOf({})).record;
    expect(bare).toMatchObject({ runtime: `node ${process.versions.node}`, openTelemetry: null });
    expect("region" in bare || "environment" in bare).toBe(false);
    globals[registry] = { version: "1.9.0" };
    expect((await recordOf({ region: "eu-west-1" })).record).toMatchObject({
      region: "eu-west-1",
      openTelemetry: "1.9.0",
    });
  });

  it("hold a short digest of each variable named, and neither a value nor another name [NODE-SURROUNDINGS]", async () => {
    vi.stubEnv("MODEL_URL", "https://models.example/sekret");
    vi.stubEnv("MODEL_KEY", "sekret-too");
    const { text, record } = await recordOf({ environment: ["MODEL_URL", "NEVER_SET"] });
    expect(record.environment).toEqual({
      MODEL_URL: expect.stringMatching(/^[0-9a-f]{6}$/),
      NEVER_SET: null,
    });
    expect(text).not.toMatch(/sekret|MODEL_KEY|PATH/);
  });

  it("are the same for the same value, and differ by value, by name and by agent [NODE-SURROUNDINGS]", async () => {
    vi.stubEnv("MODEL_URL", "a");
    vi.stubEnv("OTHER_URL", "a");
    const names = ["MODEL_URL", "OTHER_URL"];
    const first = await environmentOf(names);
    expect(await environmentOf(names)).toEqual(first);
    expect(first?.MODEL_URL).not.toBe(first?.OTHER_URL);
    expect((await environmentOf(names, "other"))?.MODEL_URL).not.toBe(first?.MODEL_URL);
    vi.stubEnv("MODEL_URL", "b");
    const second = await environmentOf(names);
    expect(second?.MODEL_URL).not.toBe(first?.MODEL_URL);
    expect(second?.OTHER_URL).toBe(first?.OTHER_URL);
  });

  it("are refused where they would not fit a record", async () => {
    const { router } = await createWorld();
    const many = Array.from({ length: 33 }, (_, at) => `NAME_${at}`);
    for (const node of [{ environment: many }, { environment: "PATH" as never }, { region: "" }])
      expect(() => router({ watch: true, node })).toThrow(/node\.(environment|region)/);
  });
});

describe("node records of releases with and without surroundings", () => {
  const fixtures = JSON.parse(
    readFileSync(new URL("./fixtures/nodes-v1.json", import.meta.url), "utf8"),
  ) as Record<string, Record<string, unknown>>;

  it("are listed side by side on one store [FORMAT-UNKNOWN-FIELDS]", async () => {
    const { router, records, clock } = await createWorld();
    const mover = router();
    await move(mover, openBlue);
    for (const [key, record] of Object.entries(fixtures))
      await records.commit([
        { op: "put", key, rev: 0, value: JSON.stringify({ ...record, later: "field" }) },
      ]);
    await clock.advance(0);
    const [older, newer] = await mover.nodes();
    expect(older).toMatchObject({ id: "first-release", readable: true, expired: false });
    expect("runtime" in (older ?? {})).toBe(false);
    expect(newer).toMatchObject({ region: "eu-west-1", environment: { MODEL_URL: "0a1b2c", TZ: null } });
    const propagated = mover.propagation((await mover.refresh())!.route);
    await clock.advance(0);
    expect(await propagated).toMatchObject({ outcome: "everywhere", acknowledged: 2 });
  });

  it("keep every field an older release reads, of the same kind", async () => {
    const { record } = await recordOf({ name: "pod-1", region: "eu" });
    const kinds = (of: object) => Object.entries(of).map(([name, value]) => [name, typeof value]);
    expect(kinds(record)).toEqual(expect.arrayContaining(kinds(fixtures["agent/node/first-release"]!)));
  });
});
