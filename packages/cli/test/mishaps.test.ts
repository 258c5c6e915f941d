import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { VerdigrisError } from "@verdigris/contracts";
import { createOnCall } from "@verdigris/release/on-call";
import { describe, expect, it } from "vitest";
import { hold } from "../src/commands/hold.ts";
import { status } from "../src/commands/status.ts";
import type { Session } from "../src/open/session.ts";
import { storeLabel } from "../src/open/store-url.ts";
import { createLiveView } from "../src/terminal/live-view.ts";
import { createPaint } from "../src/terminal/paint.ts";
import { addNode, capture, createWorld, flipTo } from "./world.ts";

describe("what the parser does not understand", () => {
  it("is data where data was asked for, and nothing beside it [CLI-JSON]", async () => {
    for (const argv of [["stats"], ["status", "--nonsense"], ["release", "wait", "tomorrow"], []]) {
      const said = await capture()(...argv, "--json");
      expect(said.json(), argv.join(" ")).toMatchObject({ error: { code: "usage" } });
      expect(said).toMatchObject({ code: 2, err: "" });
      expect(await capture()(...argv)).toMatchObject({ code: 2, out: "" });
    }
  });
});

describe("a plan of the config", () => {
  it("may be a file, found from the config's folder wherever the command runs [CLI-CONFIG]", async () => {
    const world = await createWorld();
    const inner = join(world.folder, "deep", "down");
    await mkdir(inner, { recursive: true });
    await mkdir(join(world.folder, "verdigris"));
    await writeFile(
      join(world.folder, "verdigris/plan.json"),
      JSON.stringify({ signals: { without: "a test" }, quarantine: { for: "30h" } }),
    );
    const config = {
      agent: "support",
      store: "sqlite:agent.db",
      plans: { careful: "./verdigris/plan.json" },
    };
    await writeFile(join(world.folder, "verdigris.config.mjs"), `export default ${JSON.stringify(config)};`);
    const elsewhere = { VERDIGRIS_AGENT: "other", VERDIGRIS_STORE: "sqlite:none.db" };
    expect((await capture({ cwd: inner, env: elsewhere })("status", "--json")).json()).toMatchObject({
      agent: "support",
    });
    const start = ["release", "start", "v2", "--plan", "careful", "--reason", "x", "--json"];
    const said = await capture({ cwd: inner })(...start);
    expect(said.json(), said.err).toMatchObject({ plan: { quarantineMs: 108_000_000 } });
  });
});

describe("rollback", () => {
  it("says that new runs are safe before it waits for anybody", async () => {
    const world = await createWorld();
    await flipTo(world, "v2");
    await addNode(world, "frozen", { generation: 1 });
    const stop = new AbortController();
    const shown: string[] = [];
    const io = { signal: stop.signal, out: { write: (text: string) => shown.push(text) } };
    const waiting = world.at(io)("rollback", "--wait", "600000");
    await expect.poll(() => shown.join(""), { timeout: 10_000 }).toContain("rolled back from v2 to v1");
    expect(shown.join("")).not.toContain("applied");
    stop.abort();
    expect((await waiting).code).toBe(130);
  });
});

describe("hold", () => {
  it("of a release that the store could not hold is an error, and no hold of the route instead", async () => {
    const world = await createWorld();
    const away = new VerdigrisError("store-unavailable", "the store is away");
    const onCall = { hold: () => Promise.reject(away) };
    const session = { ...world, onCall: async () => onCall, verdigris: async () => world.app };
    await expect(hold(session as unknown as Session, "looking")).rejects.toBe(away);
    expect((await world.app.status()).route?.held).toBeNull();
  });
});

describe("a watched status", () => {
  it("outlives a store that went away, and says since when what it shows is old", async () => {
    const world = await createWorld();
    const stop = new AbortController();
    const shown: string[] = [];
    let asked = 0;
    const io = {
      out: { write: (said: string) => shown.push(said) },
      env: {},
      now: () => 0,
      signal: stop.signal,
    };
    await using onCall = createOnCall({ agent: "support", store: world.store });
    const away = new VerdigrisError("store-unavailable", "the store is away");
    const app = {
      nodes: () => world.app.nodes(),
      status: () => {
        asked += 1;
        if (asked === 3) stop.abort();
        return asked === 2 ? Promise.reject(away) : world.app.status();
      },
    };
    const session = {
      io,
      paint: createPaint(io),
      json: false,
      agent: "support",
      onCall: async () => onCall,
      verdigris: async () => app,
    } as unknown as Session;
    await status(session, { watch: true, everyMs: 1 });
    expect(shown[1]).toMatch(/no answer from the store since 1970-01-01 00:00:00Z[\s\S]*new runs\s+v1/);
    expect(shown[2]).not.toContain("no answer");
  });

  it("that was never answered ends with the error", async () => {
    const said = await capture()("status", "--watch", "--store", "redis://127.0.0.1:1", "--agent", "support");
    expect(said.code).toBe(2);
  });

  it("replaces as many rows as a terminal shows, and no more", () => {
    const written: string[] = [];
    const out = { write: (said: string) => written.push(said), isTTY: true, columns: 10, rows: 4 };
    const view = createLiveView({ out });
    view.show("one\ntwo\nthree\nfour\nfive");
    view.show("next");
    expect(written).toEqual(["\u001b[0Jone\ntwo\nthree\n", "\u001b[3A\u001b[0Jnext\n"]);
  });
});

describe("what people read", () => {
  it("shows a denied bundle, and none where a table has no row", async () => {
    const world = await createWorld();
    expect((await world.run("drills")).out).toBe("none\n");
    await flipTo(world, "v2");
    await world.run("rollback", "--wait", "0");
    expect((await world.run("status")).out).toMatch(/v2\s+.*denied/);
  });

  it("blames by bundle, in the order bundles were registered", async () => {
    const world = await createWorld();
    await world.app.run({ key: "ada" }, () => undefined);
    await flipTo(world, "v2");
    await world.app.run({ key: "ada" }, () => undefined);
    await world.app.costs({ from: 0, to: Date.now() + 60_000 });
    const said = await world.run("blame", "--json");
    expect(said.json(), said.err).toMatchObject([
      { bundle: "v1", runs: 1, before: null },
      { bundle: "v2", runs: 1, before: "v1", changes: [{ piece: "prompts", entry: "system" }] },
    ]);
    expect((await world.run("blame")).out).toMatch(/v2 against v1\n\s+changed\s+prompts\.system/);
  });

  it("names a server by its host and path alone [CLI-SECRETS]", () => {
    expect(storeLabel("postgres://me:sekret@db:5432/agents?password=sekret")).toBe(
      "postgres://db:5432/agents",
    );
    expect(storeLabel("sqlite:/var/agent.db")).toBe("sqlite:/var/agent.db");
    expect(storeLabel("sekret")).toBe("…");
    expect(storeLabel("redis:me:sekret@x")).toBe("redis:…");
  });
});
