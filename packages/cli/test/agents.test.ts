import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { saveBundle } from "@verdigris/bundle/node";
import { agentKeys, createPrefixedStore, type Store } from "@verdigris/contracts";
import { createVerdigris } from "verdigris";
import { describe, expect, it, onTestFinished } from "vitest";
import { namesIn, nearest } from "../src/open/known-agents.ts";
import { bundles, capture, createWorld, flipTo } from "./world.ts";

describe("the name of an agent", () => {
  it("that nobody ever wrote under is an error with the nearest one, whatever is asked [CLI-AGENT]", async () => {
    const world = await createWorld();
    const asks = [
      ["status"],
      ["rollback"],
      ["hold", "--reason", "x"],
      ["history"],
      ["runs"],
      ["nodes"],
      ["doctor"],
      ["deny", "check", "v1"],
      ["release", "list"],
      ["drills"],
    ];
    for (const argv of asks) {
      const said = await world.run(...argv, "--agent", "suport");
      expect(said, argv.join(" ")).toMatchObject({
        code: 2,
        out: "",
        err: expect.stringMatching(
          /^agent-unknown: there is no agent suport in sqlite:.*did you mean support\?/,
        ),
      });
    }
    const json = (await world.run("status", "--agent", "suport", "--json")).json();
    expect(json).toMatchObject({ error: { code: "agent-unknown" } });
  });

  it("of an agent that only begins is none: it has no route yet, and says what opens it [CLI-AGENT]", async () => {
    const world = await createWorld();
    const file = join(world.folder, "v1.json");
    await saveBundle(file, bundles[0] as (typeof bundles)[number]);
    expect((await world.run("bundle", "register", file, "--agent", "fresh")).code).toBe(0);
    expect(await world.run("status", "--agent", "fresh")).toMatchObject({
      code: 0,
      out: expect.stringContaining("fresh has no route yet"),
    });
    expect(await world.run("rollback", "--agent", "fresh")).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^no-route: fresh has no route yet/),
    });
  });

  it("is found below the prefix of its team, by an option, the config or the environment [CLI-AGENT]", async () => {
    const world = await createWorld();
    const below = createPrefixedStore(world.store, "payments/");
    const app = createVerdigris({ agent: "refunds", store: below, bundle: bundles[0]!, sweepMs: "never" });
    onTestFinished(() => app.close());
    await app.ready();
    const status = ["status", "--agent", "refunds", "--json"];
    expect((await world.run(...status)).json()).toMatchObject({
      error: { message: expect.stringContaining("payments/") },
    });
    const found = { agent: "refunds", route: { live: "v1" } };
    expect((await world.run(...status, "--prefix", "payments/")).json()).toMatchObject(found);
    expect((await world.at({ env: { VERDIGRIS_PREFIX: "payments/" } })(...status)).json()).toMatchObject(
      found,
    );
    const config = { agent: "refunds", store: "sqlite:agent.db", prefix: "payments/" };
    await writeFile(join(world.folder, "verdigris.config.mjs"), `export default ${JSON.stringify(config)};`);
    const env = { VERDIGRIS_PREFIX: "travel/" };
    expect((await capture({ cwd: world.folder, env })("status", "--json")).json()).toMatchObject(found);
  });

  it("are found by one look each, however many records stand below one", async () => {
    const { store } = await createWorld();
    for (const key of ["support-eu/route", "support.old/bundle/v1", "travel/refunds/route", "a/pin/v1/0/r1"])
      await store.commit([{ op: "put", key, rev: 0, value: "{}" }]);
    let looks = 0;
    const counted: Store = {
      ...store,
      list: (...args) => {
        looks += 1;
        return store.list(...args);
      },
    };
    expect(await namesIn(counted)).toEqual({
      agents: ["a", "support-eu", "support.old", "support"],
      prefixes: ["travel/"],
    });
    expect(looks).toBe(6);
    expect(nearest("suport", ["a", "travel", "support", "sport"]).slice(0, 2)).toEqual(["support", "sport"]);
  });
});

it("tells an agent from a prefix by every kind of record that the keys name [CLI-AGENT]", async () => {
  const { store } = await createWorld();
  const { prefix: _, ...keys } = agentKeys("a");
  const names = Object.entries(keys).map(([name, made]: [string, unknown]) => {
    const key = typeof made === "function" ? String(made("x", 1, "x", 1)) : String(made);
    return [`of-${name}`, key.replace(/^a/, `of-${name}`)] as const;
  });
  for (const [, key] of names)
    await store.commit([{ op: "put", key: key.replace(/\/$/, "/x"), rev: 0, value: "{}" }]);
  const found = await namesIn(store);
  expect(found.prefixes).toEqual([]);
  expect(found.agents).toEqual(expect.arrayContaining(names.map(([name]) => name)));
});

describe("the deny list", () => {
  it("takes a bundle with a reason, an actor and a yes, and stops what would take it live [CLI-DENY]", async () => {
    const world = await createWorld();
    const deny = ["deny", "v2", "--reason", "leaks names", "--actor", "bea"];
    expect((await world.run("deny", "v2", "--yes")).code).toBe(2);
    expect((await world.run(...deny)).code).toBe(5);
    expect((await world.run("deny", "check", "v2")).code).toBe(0);
    const said = await world.run(...deny, "--yes", "--json");
    expect(said.json(), said.err).toMatchObject({
      added: true,
      denied: { bundle: { id: "v2" }, by: { kind: "person", id: "bea" }, why: "leaks names" },
    });
    await writeFile(join(world.folder, "plan.json"), JSON.stringify({ signals: { without: "a test" } }));
    const start = await world.run("release", "start", "v2", "--plan", "plan.json", "--reason", "x");
    expect(start).toMatchObject({ code: 1, err: expect.stringContaining("bundle-denied") });
    await world.run("route", "stage", "v2", "--reason", "x");
    for (const argv of [
      ["flip", "v2"],
      ["canary", "5"],
    ]) {
      const moved = await world.run("route", ...argv, "--reason", "x", "--yes");
      expect(moved).toMatchObject({ code: 1, err: expect.stringContaining("bundle-denied") });
    }
    expect((await world.app.status()).route).toMatchObject({ live: "v1", candidate: "v2", canary: null });
    expect((await world.run("route", "canary", "0", "--reason", "x")).code).toBe(0);
    expect(await world.run(...deny, "--yes")).toMatchObject({
      code: 0,
      out: expect.stringContaining("was on the list: denied by bea"),
    });
  });

  it("answers deploy pipelines by its exit code, for one bundle or several [CLI-DENY]", async () => {
    const world = await createWorld();
    await flipTo(world, "v2");
    await world.run("rollback", "--reason", "wrong language", "--wait", "0");
    expect(await world.run("deny", "check", "v2")).toMatchObject({
      code: 1,
      out: expect.stringMatching(/v2 was denied by ana at .*: wrong language/),
    });
    expect((await world.run("deny", "check", "v1", "v3")).code).toBe(0);
    const both = await world.run("deny", "check", "v1", "v2", "--json");
    expect(both.code).toBe(1);
    expect(both.json()).toMatchObject({ ok: false, bundles: [{ denied: null }, { bundle: "v2" }] });
    const away = await capture()(
      "deny",
      "check",
      "v1",
      "--store",
      "redis://127.0.0.1:1",
      "--agent",
      "support",
    );
    expect(away.code).toBe(2);
    expect((await world.run("deny", "list")).out).toMatch(/v2 .*ana\s+wrong language/);
  });

  it("lets go of a bundle on a yes, and says where there was nothing to let go of [CLI-DENY]", async () => {
    const world = await createWorld();
    await world.run("deny", "v2", "--reason", "leaks names", "--yes");
    const lift = ["lift", "v2", "--reason", "mended elsewhere"];
    expect((await world.run(...lift)).code).toBe(5);
    expect((await world.run("deny", "check", "v2")).code).toBe(1);
    expect((await world.run(...lift, "--yes", "--json")).json()).toMatchObject({
      bundle: "v2",
      lifted: true,
    });
    expect((await world.run("deny", "check", "v2")).code).toBe(0);
    expect(await world.run(...lift)).toMatchObject({ code: 0, out: expect.stringContaining("was not on") });
  });

  it("warns that a live bundle is not moved by it", async () => {
    const world = await createWorld();
    await flipTo(world, "v2");
    const said = await world.run("deny", "v2", "--reason", "x", "--yes");
    expect(said.out).toContain("verdigris rollback sends them back");
    expect((await world.app.status()).route?.live).toBe("v2");
  });
});
