import { createPostgresStore } from "@verdigris/store-postgres";
import { createRedisStore } from "@verdigris/store-redis";
import pg from "pg";
import { createClient } from "redis";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseStoreUrl } from "../src/open/store-url.ts";
import { type Engine, servers } from "./engines.ts";
import { agentOn, capture, flipTo, type World } from "./world.ts";

/** The store an agent of its own opens there, as its processes do. */
async function openAgentsStore(address: string) {
  const parsed = parseStoreUrl(address, "/");
  if (parsed.kind === "postgres") {
    const client = new pg.Pool({ connectionString: parsed.url, max: 2 });
    const store = await createPostgresStore({ client, schema: parsed.schema ?? "" });
    return { store, end: () => client.end() };
  }
  if (parsed.kind !== "redis") throw new Error(`${parsed.kind} is no server`);
  const client = createClient({ url: parsed.url });
  await client.connect();
  const accept = ["persistence", "fsync", "eviction", "replication", "unknown"] as const;
  const store = await createRedisStore({ client, prefix: parsed.prefix ?? "", accept });
  return { store, end: async () => client.destroy() };
}

async function createServerWorld(engine: Engine): Promise<Pick<World, "app" | "run"> & { address: string }> {
  const address = engine.address();
  const { store, end } = await openAgentsStore(address);
  onTestFinished(async () => {
    await store.close();
    await end();
    await engine.remove(address);
  });
  const app = await agentOn(store);
  const run = (...argv: string[]) => capture()("--store", address, "--agent", "support", ...argv);
  return { address, app, run };
}

describe.each(servers)("on $name", (engine) => {
  it("shows, flips, rolls back and examines an agent by its address alone [CLI-ON-CALL]", async () => {
    const world = await createServerWorld(engine);
    expect((await world.run("status")).out).toMatch(/new runs\s+v1[\s\S]*nodes\s+1 living/);
    expect((await world.run("route", "flip", "v2", "--reason", "better", "--yes")).code).toBe(0);
    const back = await world.run("rollback", "--reason", "worse", "--json");
    expect(back.json(), back.err).toMatchObject({
      outcome: "rolled-back",
      from: "v2",
      to: "v1",
      confirmed: { outcome: "everywhere", acknowledged: 1 },
    });
    expect((await world.app.status()).route?.live).toBe("v1");
    expect((await world.run("history")).out).toContain("worse");
    const { findings } = (await world.run("doctor", "--json")).json<{
      findings: { what: string; text: string }[];
    }>();
    const settings = findings.filter(({ what }) => what === "settings").map(({ text }) => text);
    expect(settings.join("\n")).toMatch(engine.name === "postgres" ? /fsync is on/ : /append(only|fsync)/);
  });

  it("knows a mistyped agent from one that is there, and answers a deploy pipeline [CLI-AGENT] [CLI-DENY]", async () => {
    const world = await createServerWorld(engine);
    expect(await world.run("status", "--agent", "suport")).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^agent-unknown: .*did you mean support\?/),
    });
    expect((await world.run("deny", "check", "v2")).code).toBe(0);
    await world.run("deny", "v2", "--reason", "leaks names", "--yes");
    expect((await world.run("deny", "check", "v2")).code).toBe(1);
    await world.run("lift", "v2", "--reason", "fixed", "--yes");
    const drill = ["drill", "--bundle", "v2", "--reason", "x", "--yes", "--drain", "0", "--json"];
    expect((await world.run(...drill)).json()).toMatchObject({ ok: true });
    expect((await world.app.status()).route).toMatchObject({ live: "v1", stable: "v1" });
    expect((await world.run("drain", "v2")).out).toBe("no run is left on v2\n");
  });

  it("rolls back twice at once exactly once", async () => {
    const world = await createServerWorld(engine);
    await flipTo(world, "v2");
    const said = await Promise.all([1, 2].map(() => world.run("rollback", "--wait", "0")));
    expect(said.map(({ code }) => code)).toEqual([0, 0]);
    expect((await world.app.status()).generation).toBe(3);
  });
});

describe("a server that cannot be used", () => {
  it("is an error that says why, and never the password [CLI-SECRETS]", async () => {
    for (const address of [
      "postgres://me:sekret@127.0.0.1:1/test",
      "redis://me:sekret@127.0.0.1:1",
      "postgres://me:se/kret@sekret@:x/x",
      "mysql://me:sekret@host/x",
      "postgres:/me:sekret@host/x",
      "redis://host:port:sekret",
    ]) {
      for (const form of [[], ["--json"]]) {
        const said = await capture()("status", "--store", address, "--agent", "support", ...form);
        expect(said.code, address).toBe(2);
        expect(said.out + said.err, address).not.toMatch(/kret/);
      }
    }
    const refused = await capture()(
      "status",
      "--store",
      "redis://127.0.0.1:1",
      "--agent",
      "support",
      "--json",
    );
    expect(refused.json()).toMatchObject({
      error: { code: "store-unavailable", message: expect.stringContaining("ECONNREFUSED") },
    });
  });
});

describe.skipIf(!servers.some(({ name }) => name === "postgres"))("a schema that nobody has made", () => {
  it("is an error, not an empty agent", async () => {
    const engine = servers.find(({ name }) => name === "postgres") as Engine;
    const address = engine.address();
    const said = await capture()("status", "--store", address, "--agent", "support", "--json");
    expect(said).toMatchObject({ code: 2 });
    expect(said.json()).toMatchObject({ error: { code: "usage" } });
    expect(await schemas(address)).toBe(0);
  });
});

async function schemas(address: string): Promise<number> {
  const parsed = parseStoreUrl(address, "/");
  if (parsed.kind !== "postgres") return 0;
  const client = new pg.Client({ connectionString: parsed.url });
  await client.connect();
  const { rowCount } = await client.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", [parsed.schema]);
  await client.end();
  return rowCount ?? 0;
}
