import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { addNode, capture, createWorld, type World } from "./world.ts";

interface Found {
  readonly findings: readonly { readonly what: string; readonly state: string; readonly text: string }[];
}

async function examined(world: World, io: Parameters<World["at"]>[0] = {}) {
  const said = await world.at(io)("doctor", "--json");
  const { findings } = said.json<Found>();
  const of = (what: string) => findings.filter((found) => found.what === what);
  return { code: said.code, of };
}

describe("doctor", () => {
  it("finds a clock that is off, by this machine's clock and the store's", async () => {
    const world = await createWorld();
    expect((await examined(world)).of("clock")).toMatchObject([{ state: "ok" }]);
    const late = await examined(world, { now: () => Date.now() - 3_600_000 });
    expect(late.of("clock")).toMatchObject([{ state: "warning", text: expect.stringContaining("360") }]);
  });

  it("finds other releases of the SDK, formats they cannot read and processes that hear nothing", async () => {
    const world = await createWorld();
    await world.app.status();
    expect((await examined(world)).of("versions")).toMatchObject([{ state: "ok" }]);
    await addNode(world, "old", { sdk: "0.0.9", formats: { record: 0, hash: 1 }, mode: "closed" });
    await addNode(world, "slow", { mode: "polling" });
    const found = await examined(world);
    expect(found.code).toBe(1);
    expect(found.of("versions")).toMatchObject([
      { state: "warning", text: expect.stringContaining("0.0.9") },
    ]);
    expect(found.of("formats")).toMatchObject([{ state: "warning" }]);
    expect(found.of("hearing")).toMatchObject([
      { state: "warning", text: expect.stringContaining("slow find") },
      { state: "problem", text: expect.stringContaining("old cannot hear") },
    ]);
  });

  it("misses a driver where a release waits for one, and only there", async () => {
    const world = await createWorld();
    expect((await examined(world)).of("driver")).toMatchObject([{ state: "ok" }]);
    await writeFile(join(world.folder, "plan.json"), JSON.stringify({ signals: { without: "a test" } }));
    await world.run("release", "start", "v2", "--plan", "plan.json", "--reason", "x");
    const found = await examined(world);
    expect(found.of("driver")).toEqual([]);
    expect(found.of("release")).toContainEqual(
      expect.objectContaining({ state: "warning", text: expect.stringContaining("no driver was seen") }),
    );
  });

  it("finds what processes have different from each other beside the bundle, and names the few [CLI-DOCTOR]", async () => {
    const world = await createWorld();
    const same = {
      runtime: "node 22.12.0",
      openTelemetry: "1.9.0",
      region: "eu-west-1",
      environment: { MODEL_URL: "aaaaaa", TZ: "bbbbbb" },
    };
    await world.app.status();
    await addNode(world, "pod-2", same);
    await addNode(world, "pod-3", same);
    await world.app.close();
    // What a process of an older release says: nothing of all this. It is left out, and no difference.
    const nothing = Object.fromEntries(Object.keys(same).map((name) => [name, undefined]));
    await addNode(world, "older", nothing);
    const agreeing = await examined(world);
    expect(agreeing.of("runtime")).toMatchObject([{ state: "ok" }]);
    expect(agreeing.of("telemetry")).toMatchObject([{ state: "ok", text: expect.stringContaining("1.9.0") }]);
    expect(agreeing.of("environment")).toMatchObject([
      { state: "ok", text: "MODEL_URL, TZ: the same in 2 processes" },
    ]);
    expect(agreeing.of("region")).toMatchObject([
      { state: "warning", text: expect.stringContaining("not said by older") },
    ]);
    await addNode(world, "odd", {
      runtime: "node 20.19.0",
      openTelemetry: null,
      region: "us-east-1",
      environment: { MODEL_URL: "cccccc", TZ: null },
    });
    const found = await examined(world);
    expect(found.code).toBe(0);
    expect(found.of("runtime")).toEqual([
      {
        what: "runtime",
        state: "warning",
        text: "processes differ: node 22.12.0 (2 processes), node 20.19.0 (odd)",
      },
    ]);
    expect(found.of("telemetry")).toMatchObject([
      { state: "warning", text: "processes differ: 1.9.0 (2 processes), none (odd)" },
    ]);
    expect(found.of("environment").map(({ text }) => text)).toEqual([
      "MODEL_URL is the same in 2 processes, another value in odd",
      "TZ is the same in 2 processes, not set in odd",
    ]);
    expect(found.of("region")[0]?.text).toMatch(/^eu-west-1 \(2 processes\), us-east-1 \(odd\)/);
  });

  it("leaves processes that are gone out of the comparison", async () => {
    const world = await createWorld();
    await world.app.status();
    await addNode(world, "gone", { runtime: "node 18.0.0", sdk: "0.0.1", mode: "closed", expiresMs: -1 });
    const found = await examined(world);
    expect(found.of("runtime")).toMatchObject([{ state: "ok" }]);
    expect(found.of("versions")).toMatchObject([{ state: "ok" }]);
    expect(found.of("hearing")).toEqual([]);
  });

  it("survives records of processes that say nonsense of themselves", async () => {
    const world = await createWorld();
    await world.app.status();
    await addNode(world, "odd", { environment: "x", runtime: null, region: 5, openTelemetry: [] });
    expect((await examined(world)).of("fleet")).toEqual([]);
  });

  async function installed(world: World, packages: Record<string, string>): Promise<void> {
    for (const [path, version] of Object.entries(packages)) {
      const folder = join(world.folder, "node_modules", path);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "package.json"), JSON.stringify({ version }));
    }
  }

  it("finds a second copy of OpenTelemetry's API, which swallows what is made through it [CLI-DOCTOR]", async () => {
    const world = await createWorld();
    expect((await examined(world)).of("telemetry here")).toMatchObject([
      { state: "ok", text: expect.stringContaining("no OpenTelemetry is installed") },
    ]);
    await installed(world, { "@opentelemetry/api": "1.9.1", "@opentelemetry/sdk-trace-base": "2.1.0" });
    expect((await examined(world)).of("telemetry here")).toMatchObject([
      { state: "ok", text: expect.stringMatching(/api 1\.9\.1, sdk-trace-base 2\.1\.0$/) },
    ]);
    await installed(world, { "@opentelemetry/sdk-trace-base/node_modules/@opentelemetry/api": "1.8.0" });
    expect((await examined(world)).of("telemetry here")).toMatchObject([
      { state: "warning", text: expect.stringContaining("its own copy, 1.8.0") },
    ]);
    await installed(world, { "@opentelemetry/api": "0.9.0" });
    expect((await examined(world)).of("telemetry here")).toMatchObject([{ state: "warning" }]);
  });

  it("tries the plans of the config, and says where the environment contradicts it [CLI-DOCTOR]", async () => {
    const world = await createWorld();
    const plans = {
      careful: { signals: { without: "a test" } },
      hasty: { quarantine: { for: "1s" }, signals: { without: "a test" } },
      lost: "./absent.json",
    };
    const config = { agent: "support", store: "sqlite:agent.db", plans };
    await writeFile(join(world.folder, "verdigris.config.mjs"), `export default ${JSON.stringify(config)};`);
    const env = { VERDIGRIS_STORE: "sqlite:elsewhere.db", VERDIGRIS_AGENT: "support" };
    const said = await capture({ cwd: world.folder, env })("doctor", "--json");
    expect(said.code).toBe(1);
    const { findings } = said.json<Found>();
    const texts = findings
      .filter(({ what }) => what === "config")
      .map(({ state, text }) => `${state} ${text}`);
    expect(texts.map((text) => text.slice(0, 24))).toEqual([
      expect.stringMatching(/^ok /),
      "problem the plan hasty: ",
      "problem the plan lost: .",
      "warning VERDIGRIS_STORE ",
    ]);
  });
});
